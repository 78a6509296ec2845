/**
 * The law of the history: the transitions in their order and a life's records in theirs end in the same rows however
 * the two are interleaved, and however often each is repeated.
 */
import fc from 'fast-check';
import type { Acknowledgement } from '../../../src/domain/life';
import type { AlertRow, LifeRecord, PagesChange } from '../../../src/history/port';
import { alertRow, change, ending, event, firing, lifeRecord, message, STARTED } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeAll(async () => (test_ = await testHistory()));
afterAll(() => test_.close());

type Step = { readonly pages: PagesChange } | { readonly life: LifeRecord };
type Action = 'acknowledge' | 'unacknowledge' | 'escalate' | 'release';

const ack: Acknowledgement = {
  owner: 'ann',
  at: new Date(STARTED).toISOString(),
  until: null,
  comment: null,
};
const TAIL = ['nothing', 'condition ends', 'resolved by hand', 'both'] as const;

function transitionsOf(row: AlertRow, values: readonly number[], tail: (typeof TAIL)[number]): Step[] {
  const seen = values.map((value) => ({ ...row, value }));
  const steps = [firing(row, ['ops', 'dba']), ...seen.map((one) => change({ rows: [one] }))];
  if (tail === 'condition ends' || tail === 'both') steps.push(ending(seen.at(-1) ?? row));
  return steps.map((pages) => ({ pages }));
}

function lifeOf(row: AlertRow, actions: readonly Action[], tail: (typeof TAIL)[number]): Step[] {
  const parts: Partial<LifeRecord>[] = [{ state: 'FIRING', timeline: [event('begun')] }];
  actions.forEach((action, index) => parts.push(partOf(row, action, index)));
  if (tail === 'resolved by hand' || tail === 'both') {
    const quietUntil = new Date(STARTED + 900_000).toISOString();
    parts.push({
      state: 'RESOLVED',
      resolvedBy: 'ann',
      acknowledgement: null,
      quietUntil,
      resolves: { receivers: ['ops'] },
      timeline: [event('by-hand')],
    });
  }
  return parts.map((part, index) => ({ life: lifeRecord(row, index + 1, part) }));
}

function partOf(row: AlertRow, action: Action, index: number): Partial<LifeRecord> {
  const timeline = [event(`${action}-${index}`)];
  if (action === 'acknowledge') return { state: 'ACKNOWLEDGED', acknowledgement: ack, timeline };
  if (action === 'unacknowledge') return { state: 'FIRING', acknowledgement: null, timeline };
  if (action === 'release') return { release: ['dba'], timeline };
  return { escalationLevel: index, notifications: [message(row, 'boss', `escalate-${index}`)], timeline };
}

/** Merges two sequences, each in its order; a step may be done again right away or once more at the end. */
function interleave(a: readonly Step[], b: readonly Step[], choices: readonly number[]): Step[] {
  const [left, right, all] = [[...a], [...b], [] as Step[]];
  for (let i = 0; left.length + right.length > 0; i++) {
    const choice = choices[i % choices.length]!;
    const from = right.length === 0 || (left.length > 0 && choice % 2 === 0) ? left : right;
    const step = from.shift()!;
    all.push(step);
    if (choice > 5) all.push(step);
  }
  return all;
}

async function play(row: AlertRow, steps: readonly Step[]): Promise<unknown> {
  const { pages, lives, lists, queue } = test_.history;
  for (const step of steps) {
    if ('life' in step) await lives.record(step.life);
    else await pages.apply([row.fingerprint], () => step.pages);
  }
  const { rows: episodes } = await test_.sql.query(
    `select to_jsonb(e) - 'fingerprint' - 'resolve_due_at' as e from ${test_.schema}.episodes e where fingerprint = $1 order by episode`,
    [row.fingerprint],
  );
  const { fingerprint: _, labels: __, ...found } = (await lists.find(row.fingerprint))!;
  const messages = (await lists.notifications(row.fingerprint))
    .map(({ receiver, step }) => `${receiver}:${step}`)
    .sort();
  const keys = (await lists.timeline(row.fingerprint)).map(({ key }) => key).sort();
  const {
    labels: ___,
    fingerprint: ____,
    ...facts
  } = (await queue.facts(row.fingerprint, row.episode))!.alert;
  return { found, episodes, messages, keys, facts };
}

test('any interleaving and repetition of transitions and life records ends in the same rows', async () => {
  let number = 0;
  const story = fc.record({
    values: fc.array(fc.integer({ min: 91, max: 99 }), { maxLength: 2 }),
    actions: fc.array(fc.constantFrom<Action>('acknowledge', 'unacknowledge', 'escalate', 'release'), {
      maxLength: 4,
    }),
    tail: fc.constantFrom(...TAIL),
    choices: fc.array(fc.nat(9), { minLength: 4, maxLength: 16 }),
  });
  await fc.assert(
    fc.asyncProperty(story, async ({ values, actions, tail, choices }) => {
      const one = alertRow({}, { alertname: 'Law', n: String(number++) });
      const two = alertRow({}, { alertname: 'Law', n: String(number++) });
      const steps = (row: AlertRow, order: readonly number[]) =>
        interleave(transitionsOf(row, values, tail), lifeOf(row, actions, tail), order);
      const reference = await play(one, steps(one, [0]));
      expect(await play(two, steps(two, choices))).toEqual(reference);
    }),
    { numRuns: 60 },
  );
}, 120_000);
