/** What Alertmanager said of many configurations, matchers and intervals (test/oracle/alertmanager), Tocsin says too. */
import { readFileSync } from 'node:fs';
import { checkAlertmanager } from '../../../../src/config/alertmanager/load';
import { problemText } from '../../../../src/config/problems';
import { parseMatcherList, type MatcherMode } from '../../../../src/domain/alertmanager-matchers';
import { compileTimeInterval } from '../../../../src/domain/time-interval';
import { BASES } from './bases';
import { fingerprintOf, mutants } from './mutations';
import { resolved, type Resolved } from './resolved';

function recorded<T>(name: string): T {
  return JSON.parse(readFileSync(`test/fixtures/alertmanager/${name}.json`, 'utf8')) as T;
}

describe('a thousand configurations that are wrong, or perhaps not', () => {
  interface Recorded {
    readonly seed: number;
    readonly fingerprint: string;
    /** `crash`, the error, or null. */
    readonly errors: readonly (string | null)[];
  }
  const { seed, fingerprint, errors } = recorded<Recorded>('mutants');
  const made = mutants(errors.length, seed);
  const checked = made.map(({ text }) => checkAlertmanager(text, null));

  it('are those that Alertmanager was asked about', () => {
    expect(errors.length).toBe(1_000);
    expect(fingerprintOf(made)).toBe(fingerprint);
  });

  /** Taken by Alertmanager, which then crashes or does what Tocsin does not. */
  const REASONS = [/_configs\[\d+\]: is empty/, /http_config: is empty/, /is not done by Tocsin/];

  it('are taken or refused as Alertmanager takes or refuses them', () => {
    const differing = made.flatMap(({ story }, index) => {
      const { config, problems } = checked[index]!;
      const wrong = problems.filter(({ level }) => level === 'error').map(problemText);
      const isKnown = wrong.length > 0 && wrong.every((text) => REASONS.some((reason) => reason.test(text)));
      return (config === null) === (errors[index] !== null) || isKnown
        ? []
        : [{ story, alertmanager: errors[index], tocsin: wrong }];
    });
    expect(differing).toEqual([]);
  });

  it('are refused with the place and the reason', () => {
    const refusals = checked.filter(({ config }) => config === null).flatMap(({ problems }) => problems);
    expect(refusals.length).toBeGreaterThan(500);
    expect(refusals.filter(({ line, column, message }) => !line || !column || message === '')).toEqual([]);
  });
});

describe('values', () => {
  const theirs = recorded<Resolved[]>('resolved');
  it.each(BASES.map((text, index) => [index, text] as const))('of base %i are the same', (index, text) => {
    const { config, problems } = checkAlertmanager(text, null);
    expect(problems.filter(({ level }) => level === 'error')).toEqual([]);
    expect(resolved(config!)).toEqual(theirs[index]);
  });
});

describe('matchers', () => {
  type Recorded = Record<MatcherMode, readonly { readonly text: string; readonly matchers: unknown }[]>;
  it.each(Object.entries(recorded<Recorded>('matchers')))('are read the same by %s', (mode, cases) => {
    const ours = cases.map(({ text }) => ({ text, matchers: matchersOf(text, mode as MatcherMode) }));
    expect(ours).toEqual(cases);
  });

  function matchersOf(text: string, mode: MatcherMode): unknown {
    try {
      return parseMatcherList(text, mode).matchers.map(({ name, op, value }) => [name, op, value]);
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  }
});

describe('time intervals', () => {
  interface Recorded {
    readonly text: string;
    readonly error: string | null;
    readonly instants: readonly string[];
    readonly in: readonly boolean[] | null;
  }
  it.each(recorded<Recorded[]>('intervals'))(
    'hold at the same times: $text',
    ({ text, error, instants, in: expected }) => {
      const { config } = checkAlertmanager(
        `route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals: [{name: n, time_intervals: [${text}]}]`,
        null,
      );
      expect(config === null).toBe(error !== null);
      if (config === null) return;
      const holds = compileTimeInterval(config.timeIntervals[0]!.intervals[0]!);
      expect(instants.map((instant) => holds(Date.parse(instant)))).toEqual(expected);
    },
  );
});
