import { T0 } from '../builders/alerts';
import { waitFor } from '../harness/wait-for';
import { realWorld, type TestAlert, type World } from './world';

const EPISODES = 50;
/** Sixty signals an episode: it fires, its value moves, people take it, somebody mistypes, and it is resolved. */
const CHANGES = 38;
const TAKEN = 18;
const MISTYPED = 2;
const IN_FLIGHT = 29;

interface Signal {
  /** Where between firing and resolve it is sent, so that every batch has some of each. */
  readonly place: number;
  /** Who is to be found in the timeline when it has been heard. */
  readonly owner?: string;
  readonly send: () => Promise<unknown>;
}

let world: World;
let alert: TestAlert;
beforeEach(async () => {
  // The first episode follows closely too, so that the life cools down after it and does not end.
  world = await realWorld({ previousEndedAt: alertTime(-1_000) });
  alert = world.alert();
});
afterEach(() => world.close());

it('3,000 signals and 50 episodes pass through at least three runs: nothing is lost, nothing is done twice', async () => {
  const { handle } = alert;
  for (let episode = 0; episode < EPISODES; episode++) {
    const at = episode * 1_000;
    await alert.deliver({ at });
    await inBatches(signalsOf(episode));
    if (episode < EPISODES - 1) await alert.deliver({ kind: 'resolved', at: at + 999, startsAt: at });
  }
  // The first firing was a start and the last episode goes on: two more signals make it 3,000.
  await handle.signal('no-such-signal');
  await handle.signal('acknowledge', { owner: 'the last' });
  // What is written is written before the task that decided it is complete, and only then can it be asked.
  await waitFor(async () => (await alert.status()).acknowledgement?.owner === 'the last', {
    what: 'the last signal',
  });

  expect(actorsOf('acknowledged')).toEqual([...all(TAKEN, ownerOf), 'the last'].sort());
  const refused = alert.timeline().filter(({ kind }) => kind === 'refused_signal');
  expect(refused.map(({ text }) => /"([a-z]+-[^"]+)" (?:is not|was)/.exec(text)![1]).sort()).toEqual(
    [...all(MISTYPED, mistypedOf), 'no-such-signal'].sort(),
  );
  expect(alert.timeline().filter(({ kind }) => kind === 'escalated')).toHaveLength(EPISODES);
  expect(alert.messages()).toEqual(Array.from({ length: EPISODES }, () => 'escalate-1>mail-1'));
  expect(await alert.status()).toMatchObject({
    state: 'ACKNOWLEDGED',
    episodes: EPISODES,
    value: CHANGES - 1,
  });
  const { signals, runs } = await chain();
  expect(signals).toBe(3_000);
  expect(runs).toBeGreaterThanOrEqual(3);
}, 120_000);

const alertTime = (at: number): string => new Date(T0 + at).toISOString();
const ownerOf = (episode: number, n: number): string => `person-${episode}-${n}`;
const mistypedOf = (episode: number, n: number): string => `mistyped-${episode}-${n}`;

function all(count: number, name: (episode: number, n: number) => string): string[] {
  return Array.from({ length: EPISODES * count }, (_, i) => name(Math.floor(i / count), i % count));
}

function signalsOf(episode: number): Signal[] {
  const { handle } = alert;
  const startsAt = episode * 1_000;
  const spread = (count: number, signal: (n: number) => Omit<Signal, 'place'>): Signal[] =>
    Array.from({ length: count }, (_, n) => ({ ...signal(n), place: (n + 1) / count }));
  return [
    ...spread(CHANGES, (n) => ({
      send: () => alert.deliver({ kind: 'changed', at: startsAt + n + 1, startsAt, value: n }),
    })),
    ...spread(TAKEN, (n) => ({
      owner: ownerOf(episode, n),
      send: () => handle.signal('acknowledge', { owner: ownerOf(episode, n) }),
    })),
    ...spread(MISTYPED, (n) => ({
      send: () => handle.signal('acknowledge', { [mistypedOf(episode, n)]: true }),
    })),
  ].sort((a, b) => a.place - b.place);
}

/** The next batch goes when the people of this one have been heard: what is under way stays bounded. */
async function inBatches(signals: readonly Signal[]): Promise<void> {
  for (let from = 0; from < signals.length; from += IN_FLIGHT) {
    const batch = signals.slice(from, from + IN_FLIGHT);
    await Promise.all(batch.map(({ send }) => send()));
    const owners = batch.flatMap(({ owner }) => owner ?? []);
    await waitFor(() => owners.every((owner) => heard().has(owner)), {
      what: `all of ${owners.join(', ')}`,
      timeoutMs: 30_000,
      intervalMs: 10,
    });
  }
}

const actorsOf = (kind: string): string[] =>
  alert
    .timeline()
    .filter((event) => event.kind === kind)
    .map(({ actor }) => actor)
    .sort();

const heard = (): Set<string> =>
  new Set(alert.records().flatMap(({ timeline }) => timeline.map(({ actor }) => actor)));

/** What the server has of the life, run after run. */
async function chain(): Promise<{ signals: number; runs: number }> {
  const { workflowId } = alert.handle;
  let signals = 0;
  let runs = 0;
  for (let runId: string | null | undefined = ''; runId !== undefined && runId !== null; runs++) {
    const { events } = await world.client.workflow.getHandle(workflowId, runId || undefined).fetchHistory();
    signals += events!.filter((event) => event.workflowExecutionSignaledEventAttributes).length;
    runId = events![0]!.workflowExecutionStartedEventAttributes!.continuedExecutionRunId || null;
  }
  return { signals, runs };
}
