/** Asks Alertmanager and keeps what it says, or compares more of it: see README.md. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAlertmanager } from '../../../src/config/alertmanager/load';
import { problemText } from '../../../src/config/problems';
import { BASES } from '../../unit/config/alertmanager/bases';
import { fingerprintOf, mutants } from '../../unit/config/alertmanager/mutations';
import { printed, type Printed } from '../../unit/config/alertmanager/resolved';
import { EXTERNAL_URL, GROUPS, HTML, TEXTS } from '../../unit/notify/integrations/groups';
import { SENT } from '../../unit/notify/integrations/sent';
import { INTERVALS, MATCHER_TEXTS } from './questions';

export const COUNT = 1_000;
export const SEED = 2026;
const MODES = ['', 'classic-mode', 'utf8-strict-mode'];
const FIXTURES = join(__dirname, '../../fixtures/alertmanager');

interface Answer {
  readonly error: string | null;
  readonly crash?: boolean;
  readonly result?: unknown;
}

function ask(requests: readonly object[]): Answer[] {
  const { stdout, stderr, status, error } = spawnSync(join(__dirname, 'oracle'), {
    input: requests.map((request) => JSON.stringify(request)).join('\n'),
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the oracle failed: ${error?.message ?? stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

function keep(name: string, value: unknown): void {
  writeFileSync(join(FIXTURES, name), `${JSON.stringify(value, null, 1)}\n`);
}

function record(): void {
  const made = mutants(COUNT, SEED);
  const verdicts = ask(made.map(({ text }) => ({ op: 'load', text })));
  keep('mutants.json', {
    alertmanager: '0.34.2',
    seed: SEED,
    fingerprint: fingerprintOf(made),
    errors: verdicts.map(({ error, crash }) => (crash ? 'crash' : error)),
  });
  keep(
    'resolved.json',
    ask(BASES.map((text) => ({ op: 'load', text, resolved: true }))).map(({ result }) =>
      printed(result as Printed),
    ),
  );
  keep(
    'matchers.json',
    Object.fromEntries(
      MODES.map((mode) => [
        mode === '' ? 'fallback' : mode,
        ask(MATCHER_TEXTS.map((text) => ({ op: 'matchers', mode, text }))).map(
          ({ error, result }, index) => ({
            ...{ text: MATCHER_TEXTS[index], matchers: error === null ? (result ?? []) : null },
          }),
        ),
      ]),
    ),
  );
  const instants = INTERVALS.map((each) => each.instants.map((instant) => Date.parse(instant)));
  const answers = ask(
    INTERVALS.map(({ text }, index) => ({ op: 'interval', text, instants: instants[index] })),
  );
  keep(
    'intervals.json',
    answers.map(({ error, result }, index) => ({
      ...{ text: INTERVALS[index]!.text, error, instants: INTERVALS[index]!.instants, in: result ?? null },
    })),
  );
}

/** What receivers' texts are for each group: the text, or what is wrong with it. */
function recordRenderings(): void {
  const rendered = (texts: readonly string[], group: object, html: boolean): Record<string, unknown> => {
    const asked = { ...group, externalUrl: EXTERNAL_URL };
    const answers = ask(texts.map((text) => ({ op: 'render', text, html, group: asked })));
    const said = answers.map(({ error, result }) => (error === null ? result : { error }));
    return Object.fromEntries(texts.map((text, index) => [text, said[index]]));
  };
  const of = (group: object) => ({ text: rendered(TEXTS, group, false), html: rendered(HTML, group, true) });
  keep('rendered.json', Object.fromEntries(Object.entries(GROUPS).map(([name, group]) => [name, of(group)])));
}

/** What each kind of receiver sends for each group. */
function recordRequests(): void {
  const sent = (text: string): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(GROUPS).map(([name, group]) => {
        const [{ error, result }] = ask([
          { op: 'send', text, group: { ...group, externalUrl: EXTERNAL_URL } },
        ]) as [Answer];
        if (error !== null) throw new Error(`${text}: ${error}`);
        return [name, result];
      }),
    );
  keep('requests.json', Object.fromEntries(Object.entries(SENT).map(([name, text]) => [name, sent(text)])));
}

function compare(count: number, seed: number): void {
  const made = mutants(count, seed);
  const differing = ask(made.map(({ text }) => ({ op: 'load', text }))).filter(({ error }, index) => {
    const { text, story } = made[index]!;
    const { config, problems } = checkAlertmanager(text, null);
    if ((config !== null) === (error === null)) return false;
    process.stdout.write(
      `${story}\n  Alertmanager: ${error}\n  Tocsin: ${problems.map(problemText).join(' | ')}\n`,
    );
    return true;
  });
  process.stdout.write(`${differing.length} of ${count} differ\n`);
}

const [count, seed] = process.argv.slice(2).map(Number);
if (count === undefined) {
  record();
  recordRenderings();
  recordRequests();
} else compare(count, seed ?? SEED);
