/**
 * A thousand files that are wrong in a place or two, or perhaps not: each is refused with its place and the reason, or
 * taken; none ends the reader. TOCSIN_MUTANTS=SEED repeats a run.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { checkConfig, type Checked } from '../../../src/config/load';
import { mutants } from './alertmanager/mutations';

const SEED = Number(process.env.TOCSIN_MUTANTS ?? randomInt(1, 2 ** 31));
const MANY = 1_000;
const EXAMPLES = ['tocsin.yaml', 'oncall.yaml', 'tutorial.yaml', 'demo.yaml', 'dev.yaml'];
// Rules in files of their own are not changed here, and take longer to read than all the rest.
const BASES = EXAMPLES.map((name) =>
  readFileSync(`examples/${name}`, 'utf8').replace(/^rule_files:.*$/m, ''),
);
const PATH = 'examples/mutated.yaml';

interface Outcome {
  readonly story: string;
  readonly checked?: Checked;
  readonly crash?: string;
}

const outcomes = mutants(MANY, SEED, BASES).map(({ text, story }): Outcome => {
  try {
    return { story, checked: checkConfig({ text, path: PATH }, {}) };
  } catch (error) {
    return { story, crash: (error as Error).stack };
  }
});

describe(`a thousand tocsin.yaml, made with TOCSIN_MUTANTS=${SEED}`, () => {
  it('never end the reader', () => {
    expect(outcomes.filter(({ crash }) => crash !== undefined)).toEqual([]);
  });

  it('are refused with the place and the reason, or taken', () => {
    const vague = outcomes.flatMap(({ story, checked }) => {
      const { config, problems } = checked ?? { config: null, problems: [] };
      const errors = problems.filter(({ level }) => level === 'error');
      const isPlaced = errors.every(({ line, column, message }) => line && column && message !== '');
      return (config === null) === errors.length > 0 && isPlaced ? [] : [{ story, errors }];
    });
    expect(vague).toEqual([]);
  });

  it('are wrong more often than not', () => {
    const refused = outcomes.filter(({ checked }) => checked?.config === null).length;
    expect(refused).toBeGreaterThan(MANY / 3);
    expect(refused).toBeLessThan(MANY);
  });
});
