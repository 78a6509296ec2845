/**
 * An alert is where the metrics are that it was evaluated over, whatever partition its sender chose for them, and moves
 * with them.
 */
import type { AlertRule } from '../../../src/domain/rule-group';
import type { Transition } from '../../../src/domain/transition';
import { createEvaluatorHost } from '../../../src/evaluate/host';
import { groupOf, knowing, MINUTE, rule, sample, SECOND, T0 } from './sketches';

const EVALUATED = 3;
/** Where the usual partitioner puts the metrics of the instance. */
const USUAL = 1;

/** A process with both partitions. What it sends is known to it once it is `heard`. */
async function start(
  options: { rules?: readonly AlertRule[]; before?: readonly Transition[]; waits?: boolean } = {},
) {
  const { rules = [rule({ noData: 'ok' })], before = [], waits } = options;
  const sent: Transition[] = [];
  const openAlerts = knowing(before);
  const state = { heard: true };
  const publish = async (transitions: readonly Transition[]): Promise<void> => {
    sent.push(...transitions);
    if (state.heard) transitions.forEach(openAlerts.take);
  };
  const told = { openAlerts, publisher: { publish } };
  const trials = { openAlerts: knowing(before), publisher: { publish } };
  const host = createEvaluatorHost({
    ...{ intervalMs: 15_000, groups: [groupOf(rules)], ...told, shadow: trials, waits },
    partitionOf: () => USUAL,
    now: () => T0 + MINUTE,
  });
  const partitions = [USUAL, EVALUATED];
  await host.assigned(partitions, partitions);
  async function offer(partition: number, at: number, value: number, replayed = false): Promise<void> {
    host.offer(sample(at, value), T0 + at * SECOND, { topic: 'm', partition, replayed });
    await host.flush(partition);
  }
  async function pass(partition: number, until: number): Promise<void> {
    while (!host.reached(partition, T0 + until * SECOND, false));
    await host.flush(partition);
  }
  const inShort = () =>
    sent.map(({ kind, event_time: at, rule: of }) => {
      const seconds = (Date.parse(at) - T0) / SECOND;
      return `${of?.partition ?? 'anywhere'}: ${kind} ${seconds}`;
    });
  return { host, sent, openAlerts, state, offer, pass, inShort };
}

async function firedIn(partition: number, rules?: readonly AlertRule[]): Promise<Transition> {
  const process = await start({ rules });
  await process.offer(partition, 0, 95);
  return process.sent[0]!;
}

/** As evaluators wrote it that did not say where. */
function unplaced(transition: Transition): Transition {
  const { partition: _, ...of } = transition.rule!;
  return { ...transition, rule: of };
}

test.each([
  ['active', rule({ noData: 'ok' })],
  ['on trial', rule({ noData: 'ok', mode: 'shadow' })],
])('an alert of a rule that is %s goes on where it was evaluated, and ends there', async (_, of) => {
  const before = [await firedIn(EVALUATED, [of])];
  const next = await start({ rules: [of], before });
  await next.pass(USUAL, 600);
  await next.offer(EVALUATED, 20, 95);
  await next.offer(EVALUATED, 30, 50);
  expect(next.inShort()).toEqual([`${EVALUATED}: resolved 30`]);
});

test('one of a rule that is gone is ended by whoever has the partition where it was evaluated', async () => {
  const before = [await firedIn(EVALUATED)];
  const [openAlerts, sent] = [knowing(before), [] as Transition[]];
  const publisher = { publish: async (all: readonly Transition[]) => void sent.push(...all) };
  const assigned = (partition: number) =>
    createEvaluatorHost({
      intervalMs: 15_000,
      groups: [],
      openAlerts,
      publisher,
      partitionOf: () => USUAL,
    }).assigned([partition], [partition]);
  await assigned(USUAL);
  expect(sent).toEqual([]);
  await assigned(EVALUATED);
  expect(sent).toMatchObject([{ kind: 'resolved', rule: { partition: EVALUATED } }]);
});

test('one that does not say where it was evaluated is looked for where its instance usually is', async () => {
  const next = await start({ before: [unplaced(await firedIn(USUAL))] });
  await next.offer(USUAL, 30, 50);
  expect(next.inShort()).toEqual([`${USUAL}: resolved 30`]);
});

test('rules over the metrics of all partitions say none, and do not heed what is said', async () => {
  const next = await start({ before: [await firedIn(EVALUATED)], waits: true });
  await next.offer(USUAL, 30, 50);
  expect(next.inShort()).toEqual(['anywhere: resolved 30']);
});

describe('where the series comes in another partition from some time on', () => {
  test('the alert moves when it breaches there, and does not end where it is silent', async () => {
    const { offer, pass, inShort, sent } = await start();
    await offer(EVALUATED, 0, 95);
    await offer(USUAL, 60, 96);
    await pass(EVALUATED, 600);
    await offer(USUAL, 610, 50);
    expect(inShort()).toEqual([`${EVALUATED}: firing 0`, `${USUAL}: changed 60`, `${USUAL}: resolved 610`]);
    expect(new Set(sent.map(({ starts_at, correlation_id: of }) => `${starts_at} ${of}`)).size).toBe(1);
  });

  test('it does so across a restart, too', async () => {
    const first = await start();
    await first.offer(EVALUATED, 0, 95);
    await first.offer(USUAL, 60, 96);
    const next = await start({ before: first.sent });
    await next.offer(EVALUATED, 0, 95, true);
    await next.offer(USUAL, 60, 96, true);
    await next.pass(EVALUATED, 600);
    await next.pass(USUAL, 90);
    await next.offer(USUAL, 100, 50);
    expect(next.inShort()).toEqual([`${USUAL}: resolved 100`]);
  });

  test('it ends where it was when it does not breach any more', async () => {
    const { offer, pass, inShort } = await start();
    await offer(EVALUATED, 0, 95);
    await offer(USUAL, 60, 50);
    await pass(EVALUATED, 600);
    expect(inShort()).toEqual([`${EVALUATED}: firing 0`, `${EVALUATED}: resolved 600`]);
  });

  test('it fires anew when it breaches after it has ended where it was', async () => {
    const { offer, pass, inShort } = await start();
    await offer(EVALUATED, 0, 95);
    await pass(EVALUATED, 600);
    await offer(USUAL, 60, 95);
    expect(inShort()).toEqual([
      `${EVALUATED}: firing 0`,
      `${EVALUATED}: resolved 600`,
      `${USUAL}: firing 600.001`,
    ]);
  });

  test('it fires anew when its end where it was crosses its move', async () => {
    const { offer, pass, inShort, state, sent, openAlerts } = await start();
    await offer(EVALUATED, 0, 95);
    state.heard = false;
    await offer(USUAL, 60, 96);
    await pass(EVALUATED, 600);
    const [, move, end] = sent;
    for (const each of [end!, move!]) openAlerts.take(each);
    state.heard = true;
    await offer(USUAL, 610, 96);
    expect(inShort().slice(1)).toEqual([
      `${USUAL}: changed 60`,
      `${EVALUATED}: resolved 600`,
      `${USUAL}: firing 600.001`,
    ]);
  });

  test('what ended and fires again before anybody has heard of it is a new episode', async () => {
    const { offer, inShort, state } = await start();
    await offer(EVALUATED, 0, 95);
    state.heard = false;
    await offer(USUAL, 60, 96);
    await offer(USUAL, 70, 50);
    await offer(USUAL, 80, 96);
    expect(inShort().slice(1)).toEqual([
      `${USUAL}: changed 60`,
      `${USUAL}: resolved 70`,
      `${USUAL}: firing 80`,
    ]);
  });
});
