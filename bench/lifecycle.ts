/**
 * Lifecycle: alerts a second through fire → notify → resolve, from the transition in gds.alerts to the closed workflow,
 * against a bare workflow of the same shape on the same Temporal server. The dispatcher, the lives and the notifier run
 * as they do for work; this process writes the transitions and receives the messages.
 */
import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { alertWorkflowId, taskQueueName } from '../src/domain/identity';
import { fingerprint } from '../src/domain/labels';
import { transitionId, type Transition } from '../src/domain/transition';
import type { TransitionPublisher } from '../src/stream/port';
import { createTransitionPublisher } from '../src/stream/publishers';
import { startChild, type Child, type Lived, type RunRequest } from './child';
import { countEvents, inClosedLoop, untilClosed } from './closed';
import { cpuSecondsOf, median, rounded, type BenchResult, type BenchStage } from './measure';
import { startSystem, type System } from './system';

const SECONDS = 8;
/** Until Node's and Kafka's compilers have seen the work. */
const WARM_UP_SECONDS = 20;
const AT_A_TIME = 40;
const ROUNDS = 8;
const AIM = 0.7;
const MOST_EVENTS = 16;

interface Run extends Lived {
  readonly what: 'bare' | 'whole';
  readonly round: number;
  readonly processCpu: number;
  readonly serversCpu: number;
  readonly driverCpu: number;
}

export async function benchLifecycle(stage: BenchStage): Promise<BenchResult> {
  const system = await startSystem(stage, { roles: ['effects', 'dispatcher'], notifyAfter: 'remediate' });
  const bare = await startChild(require.resolve('./bare-process'), [stage.temporal]);
  const connection = await Connection.connect({ address: stage.temporal });
  const client = new Client({ connection });
  const publisher = createTransitionPublisher({ kafka: system.kafka, instance: system.instance });
  const runs: Run[] = [];
  try {
    const whole = (request: RunRequest) => live(system, publisher, client, request);
    const reference = (request: RunRequest) => bare.ask<Lived>(request);
    const alone = await whole({ seconds: 0.001, atATime: 1 });
    stage.say(`one alert alone: ${alone.events} events; warming up`);
    for (const work of [reference, whole]) await work({ seconds: WARM_UP_SECONDS, atATime: AT_A_TIME });
    for (let round = 1; round <= ROUNDS; round++) {
      const pair = [
        ['bare', bare, reference],
        ['whole', system.child, whole],
      ] as const;
      // Each is first in every other round, so that a machine that grows slower or faster favours neither.
      for (const [what, child, work] of round % 2 === 1 ? pair : pair.toReversed()) {
        const request = { seconds: SECONDS, atATime: AT_A_TIME };
        const run = {
          what,
          round,
          ...(await measured(stage, child, () => Promise.race([work(request), child.lost]))),
        };
        runs.push(run);
        stage.say(
          `round ${round}, ${WORDS[what]}: ${rounded(rateOf(run))} alerts/s, ${rounded(1_000 / perCpu(run))} CPU ms each, ${run.events} events`,
        );
      }
    }
    return resultOf(runs, alone.events);
  } finally {
    await publisher.close();
    await connection.close();
    await bare.stop();
    await system.close();
  }
}

async function measured(
  stage: BenchStage,
  child: Child,
  work: () => Promise<Lived>,
): Promise<Omit<Run, 'what' | 'round'>> {
  const servers = (): number => stage.pids.reduce((sum, pid) => sum + (cpuSecondsOf(pid) ?? 0), 0);
  const own = (): number => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;
  const before = [servers(), cpuSecondsOf(child.pid) ?? 0, own()] as const;
  const lived = await work();
  return {
    ...lived,
    serversCpu: servers() - before[0],
    processCpu: (cpuSecondsOf(child.pid) ?? 0) - before[1],
    driverCpu: own() - before[2],
  };
}

async function live(
  system: System,
  publisher: TransitionPublisher,
  client: Client,
  request: RunRequest,
): Promise<Lived> {
  const { instance } = system;
  const tag = randomBytes(4).toString('hex');
  const ids: string[] = [];
  const lived = await inClosedLoop(request, async (place) => {
    const firing = firingOf(`${tag}-${place}`);
    ids.push(alertWorkflowId(instance, firing.fingerprint));
    await liveOne(system, publisher, firing);
  });
  await untilClosed(client, taskQueueName(instance, 'lifecycle'));
  return { ...lived, ...(await countEvents(client, ids)) };
}

/** The resolve is written when the message of the firing has come, as a condition would end later. */
export async function liveOne(
  { catcher }: Pick<System, 'catcher'>,
  publisher: TransitionPublisher,
  firing: Transition,
): Promise<void> {
  const fired = catcher.caught(firing.fingerprint, 'fire');
  const resolved = catcher.caught(firing.fingerprint, 'resolved');
  await publisher.publish([firing]);
  await fired;
  await publisher.publish([resolvedOf(firing)]);
  await resolved;
}

export function firingOf(name: string): Transition {
  const series = {
    instance_id: `host-${name}`,
    database_type: 'host',
    environment: 'production',
    team: 'dba',
  };
  const labels = {
    ...series,
    alertname: 'MemoryNearlyUsedUp',
    severity: 'critical',
    metric: 'memory_used_percent',
  };
  const now = Date.now();
  const at = new Date(now).toISOString();
  const kind = 'firing';
  const identity = { fingerprint: fingerprint(labels), kind, starts_at: at, event_time: at } as const;
  return {
    version: 1,
    ...identity,
    transition_id: transitionId(identity),
    source: 'evaluator',
    labels,
    annotations: {
      summary: 'memory is nearly used up',
      runbook_url: 'https://runbooks.example.com/memory',
    },
    ends_at: null,
    value: 95,
    threshold: 90,
    rule: { group: 'hosts', name: 'MemoryNearlyUsedUp', hash: 'h1' },
    recent: Array.from({ length: 60 }, (_, i) => [now - (60 - i) * 15_000, 40 + i] as const),
    correlation_id: `c-${name}`,
    condition: {
      metric: 'memory_used_percent',
      series,
      operator: '>',
      threshold: 90,
      recovery_threshold: null,
    },
    cooldown_ms: 300_000,
  };
}

export function resolvedOf(firing: Transition): Transition {
  const at = new Date(Math.max(Date.now(), Date.parse(firing.event_time) + 1)).toISOString();
  const identity = {
    fingerprint: firing.fingerprint,
    kind: 'resolved' as const,
    starts_at: firing.starts_at,
    event_time: at,
  };
  return { ...firing, ...identity, transition_id: transitionId(identity), ends_at: at, value: 50 };
}

const WORDS: Record<Run['what'], string> = {
  bare: 'bare workflow',
  whole: 'alert, gds.alerts to closed life',
};
/** The rounds' two runs. */
function pairsOf(runs: readonly Run[]): Record<Run['what'], Run>[] {
  const [bare, whole] = (['bare', 'whole'] as const).map((what) => runs.filter((run) => run.what === what));
  return bare!.map((run, place) => ({ bare: run, whole: whole![place]! }));
}

const rateOf = ({ rate }: Run): number => rate;
const perCpu = ({ lives, processCpu, serversCpu, driverCpu }: Run): number =>
  lives / (processCpu + serversCpu + driverCpu);

function resultOf(runs: readonly Run[], alone: number): BenchResult {
  const of = (what: Run['what'], figure: (run: Run) => number): number =>
    median(runs.filter((run) => run.what === what).map(figure));
  const line = (
    name: string,
    unit: string,
    figure: (run: Run) => number,
    aim: number | null,
  ): BenchResult['ratios'][number] => ({
    ...{ name, unit, ours: of('whole', figure), reference: of('bare', figure), aim },
    ratio: median(pairsOf(runs).map(({ bare, whole }) => figure(whole) / figure(bare))),
  });
  return {
    name: 'Lifecycle',
    method:
      `${AT_A_TIME} alerts at a time, for ${SECONDS} s a run. An alert is a firing transition written to gds.alerts → row, timeline and message in Postgres → a workflow that ` +
      `writes its first record, collects what our own records know, and sets the escalation's timer → the first notification, an HTTP call that is answered → a resolved transition → ` +
      `the resolve's notification, the timer cancelled, the workflow closed. The reference is a workflow that does nothing in the same shape: local activity, timer, ` +
      `a signal that cancels it; started eagerly, on the same Temporal server, by a process with the same worker settings. Both take turns, after a warm-up. The clock of a run starts when as many ` +
      `lives as go at a time have ended, and stops when no more are begun; its last are lived to their end, until the server says that none is open, and their CPU time counts. The ratio is the median of ` +
      `the rounds' own ratios, since the machine's speed changes from minute to minute.`,
    ratios: [
      line('fire → notify → resolve', 'alerts/s', rateOf, AIM),
      line('the same per CPU second of all processes', 'alerts/CPU s', perCpu, null),
    ],
    figures: [
      {
        name: "events in the history of one alert's life, alone",
        unit: 'events',
        value: alone,
        aim: MOST_EVENTS,
      },
      {
        name: 'events of a life under this load, median',
        unit: 'events',
        value: of('whole', ({ events }) => events),
        aim: MOST_EVENTS,
      },
    ],
    notes: [
      'Two notifications an alert, both over HTTP to a receiver in the measuring process, which also writes the transitions.',
      "The reference does no Kafka, no Postgres and no HTTP: what Tocsin's own records, pages and messages cost is all in the ratio.",
    ],
    rounds: runs.map((run) => ({
      round: run.round,
      run: WORDS[run.what],
      alerts: run.lives,
      'alerts/s': rateOf(run),
      'events, median': run.events,
      'events, most': run.mostEvents,
      'CPU ms an alert: its process': (run.processCpu / run.lives) * 1_000,
      'the servers': (run.serversCpu / run.lives) * 1_000,
      'the measuring process': (run.driverCpu / run.lives) * 1_000,
    })),
  };
}
