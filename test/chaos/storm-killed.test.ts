/**
 * kill -9 of `tocsin serve`, Temporal and Kafka while a storm comes in, at moments that a seed chooses: each alert that was
 * accepted is told, none twice but what was being sent when its sender died, and groups keep their times. Senders are of
 * two kinds: one repeats what fires, as Prometheus does, and takes no answer to heart; the other repeats until it is
 * accepted, and never again.
 *
 * TOCSIN_STORM=SEED repeats a run. TOCSIN_STORM_ROUNDS (1 by default) makes it a longer one, with PostgreSQL among the
 * victims from the second round on.
 */
import { randomInt } from 'node:crypto';
import { Pool } from 'pg';
import { schemaName } from '../../src/domain/identity';
import { privateServers } from '../harness/servers';
import { serveScene, type Sent, type ServeProcess, type ServeScene } from '../harness/serve';
import { waitFor } from '../harness/wait-for';

const SEED = Number(process.env.TOCSIN_STORM ?? randomInt(1, 2 ** 31));
const ROUNDS = Number(process.env.TOCSIN_STORM_ROUNDS ?? 1);
const GROUPS = 20;
const IN_GROUPS = 2_000;
const ALONE = 200;
const STORM_MS = 6_000;
const BATCH = 100;
const RESEND_MS = 4_000;
const GROUP_INTERVAL_MS = 4_000;
const PATIENCE_MS = 150_000;
/** What a process has sent and has not yet written down when it dies: as many as a destination has places, and not for long. */
const IN_FLIGHT = { many: 16, ms: 2_000 };
const LOOK_EVERY_MS = 100;

const CONFIG = `
route:
  { receiver: team, group_by: [alertname], group_wait: 1s, group_interval: ${GROUP_INTERVAL_MS}ms, repeat_interval: 1h }
receivers: [{ name: team, webhook_configs: [{ url: HOOK/team }] }]
`;

test(
  `each alert of a storm is told once, whoever is killed (TOCSIN_STORM=${SEED})`,
  async () => {
    const random = seeded(SEED);
    const servers = await privateServers(['kafka', 'temporal', 'postgres']);
    const scene = await serveScene({
      kafka: servers.kafka.brokers,
      temporal: servers.temporal.address,
      postgres: servers.postgres.url,
    });
    try {
      await scene.configure(CONFIG);
      const serving = await startServing(scene);
      const ear = hearing(scene);
      for (let round = 0; round < ROUNDS; round += 1) {
        const victims = {
          temporal: () => servers.handles.temporal!.kill().then(() => servers.handles.temporal!.restart()),
          kafka: () => servers.handles.kafka!.kill().then(() => servers.handles.kafka!.restart()),
          'serve 0': () => serving.replace(0),
          'serve 1': () => serving.replace(1),
          ...(round > 0 && {
            postgres: () => servers.handles.postgres!.kill().then(() => servers.handles.postgres!.restart()),
          }),
        };
        const rows = watchGroups(servers.postgres.url, schemaName(scene.instance));
        try {
          await storm(round, { ear, serving, victims, random, rows });
        } finally {
          await rows.stop();
        }
      }
    } finally {
      await scene.close();
      await servers.stop();
    }
  },
  120_000 + ROUNDS * 300_000,
);

interface Storm {
  readonly ear: Hearing;
  readonly serving: Serving;
  readonly victims: Readonly<Record<string, () => Promise<unknown>>>;
  readonly random: () => number;
  readonly rows: WatchedGroups;
}

async function storm(round: number, { ear, serving, victims, random, rows }: Storm): Promise<void> {
  const alerts = alertsOf(round);
  const half = alerts.filter((_, n) => n % 2 === 0);
  const began = Date.now();
  const names = new Set(alerts.map(({ labels }) => labels.host!));
  const repeated = repeatedly(serving, half, began);
  try {
    const rest = alerts.filter((_, n) => n % 2 === 1);
    await Promise.all([untilAccepted(serving, rest, random), kill(victims, random)]);
    await ear.until(names, 'firing');
  } finally {
    await repeated.stop();
  }
  const toldAt = Date.now();
  process.stderr.write(`storm ${SEED}: all told ${toldAt - began} ms after it began\n`);
  // Its first look at a group may come after the group's own; the next ones come with each interval.
  await waitFor(() => rows.looks() > GROUPS + ALONE, {
    what: 'looks at groups',
    timeoutMs: 10 * GROUP_INTERVAL_MS,
  });
  const { looks, moved } = await rows.stop();

  const over = { endsAt: new Date().toISOString() };
  const ends = alerts.map((alert) => ({ ...alert, ...over }));
  await Promise.all([
    untilAccepted(serving, ends, random),
    kill(pick(round === 0 ? ofServe(victims) : victims, 1, random), random),
  ]);
  await ear.until(names, 'resolved');
  process.stderr.write(`storm ${SEED}: all ends told ${Date.now() - toldAt} ms later\n`);
  expect(looks).toBeGreaterThan(GROUPS + ALONE);
  expect(moved).toEqual([]);
  expectNothingTwice(ear, serving.killedAt);
}

/** Of each round its own: `host` tells them apart. */
function alertsOf(round: number): Sent[] {
  const startsAt = new Date().toISOString();
  const alert = (alertname: string, n: number): Sent => ({
    labels: { alertname: `${alertname} of ${round}`, host: `${round}/${n}` },
    startsAt,
    endsAt: new Date(Date.now() + 600_000).toISOString(),
  });
  return [
    ...Array.from({ length: IN_GROUPS }, (_, n) => alert(`Group${n % GROUPS}`, n)),
    ...Array.from({ length: ALONE }, (_, n) => alert(`Alone${n}`, IN_GROUPS + n)),
  ];
}

interface Serving {
  readonly killedAt: readonly number[];
  /** Kills a process and starts another in its place. */
  replace(at: number): Promise<void>;
  /** False: not accepted. */
  post(to: number, alerts: readonly Sent[]): Promise<boolean>;
}

async function startServing(scene: ServeScene): Promise<Serving> {
  const processes: ServeProcess[] = await Promise.all([scene.start(), scene.start()]);
  const killedAt: number[] = [];
  return {
    killedAt,
    async replace(at) {
      killedAt.push(Date.now());
      await processes[at]!.kill();
      processes[at] = await scene.start();
    },
    post: (to, alerts) =>
      processes[to % processes.length]!.post(...alerts).then(
        ({ ok }) => ok,
        () => false,
      ),
  };
}

/** As Prometheus: to all processes, again and again, and whoever does not answer is told the next time. */
function repeatedly(serving: Serving, alerts: readonly Sent[], from: number) {
  let stopped = false;
  const loop = async (): Promise<void> => {
    for (let next = from; !stopped; next += RESEND_MS) {
      await Promise.all([0, 1].map((to) => inBatches(alerts, (batch) => serving.post(to, batch))));
      await moment(next + RESEND_MS, () => stopped);
    }
  };
  const ended = loop();
  return {
    async stop() {
      stopped = true;
      await ended;
    },
  };
}

/** Each batch at a moment of the storm, to one process after the other until one has taken it; never again after that. */
async function untilAccepted(serving: Serving, alerts: readonly Sent[], random: () => number): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  const began = Date.now();
  const sent: Promise<void>[] = [];
  await inBatches(alerts, async (batch) => {
    const waitMs = random() * STORM_MS;
    sent.push(
      (async () => {
        await moment(began + waitMs);
        for (let to = batch.length; !(await serving.post(to, batch)); to += 1) {
          if (Date.now() > until) throw new Error('nobody takes the alerts');
          await moment(Date.now() + 100);
        }
      })(),
    );
  });
  await Promise.all(sent);
}

async function inBatches(
  alerts: readonly Sent[],
  each: (batch: readonly Sent[]) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < alerts.length; at += BATCH) await each(alerts.slice(at, at + BATCH));
}

/** Each at a moment of its own; resolves when all run again. */
async function kill(victims: Storm['victims'], random: () => number): Promise<void> {
  const began = Date.now();
  const moments = Object.entries(victims).map(([name, end]) => ({ name, end, atMs: random() * STORM_MS }));
  await Promise.all(
    moments.map(async ({ name, end, atMs }) => {
      await moment(began + atMs);
      const killedAt = Date.now();
      await end();
      process.stderr.write(
        `storm ${SEED}: ${name} killed after ${Math.round(atMs)} ms, there again ${Date.now() - killedAt} ms later\n`,
      );
    }),
  );
}

const ofServe = (victims: Storm['victims']): Storm['victims'] =>
  Object.fromEntries(Object.entries(victims).filter(([name]) => name.startsWith('serve')));

function pick(victims: Storm['victims'], many: number, random: () => number): Storm['victims'] {
  const all = Object.entries(victims).map((victim) => ({ victim, order: random() }));
  all.sort((a, b) => a.order - b.order);
  return Object.fromEntries(all.slice(0, many).map(({ victim }) => victim));
}

/** What the receiver was told, read as it comes: this process is the receiver, and may not be busy with itself. */
function hearing(scene: ServeScene) {
  const told = new Set<string>();
  const pages: Heard[] = [];
  let read = 0;
  const listen = (): void => {
    for (const { json, at } of scene.catcher.requests.slice(read)) {
      read += 1;
      const { groupKey, alerts } = json as Payload;
      // The auditor may find what a kill has left behind, and says so.
      if (groupKey.includes('TocsinAudit')) continue;
      const texts = alerts.map(({ labels, status }) => `${labels.host} ${status}`);
      pages.push({ groupKey, at, news: texts.filter((text) => !told.has(text)).length, alerts: texts });
      for (const text of texts) told.add(text);
    }
  };
  return {
    pages,
    async until(names: ReadonlySet<string>, status: string): Promise<void> {
      const missing = (): string[] => {
        listen();
        return [...names].filter((name) => !told.has(`${name} ${status}`));
      };
      const options = { what: status, timeoutMs: PATIENCE_MS, intervalMs: 250 };
      await waitFor(() => missing().length === 0, options).catch(() => undefined);
      expect({ status, missing: missing() }).toEqual({ status, missing: [] });
    },
  };
}

type Hearing = ReturnType<typeof hearing>;

interface Heard {
  readonly groupKey: string;
  readonly at: number;
  /** How many of its alerts nobody had heard of in this state. */
  readonly news: number;
  readonly alerts: readonly string[];
}

interface Payload {
  readonly groupKey: string;
  readonly alerts: readonly { readonly labels: Record<string, string>; readonly status: string }[];
}

/** A page without news repeats one: that one has to have been on its way when a process died. */
function expectNothingTwice({ pages }: Hearing, killedAt: readonly number[]): void {
  const last = new Map<string, number>();
  const unexplained: unknown[] = [];
  const again = new Map<number, number>();
  for (const { groupKey, news, alerts, at } of pages) {
    const before = last.get(groupKey) ?? 0;
    last.set(groupKey, at);
    if (news > 0) continue;
    const killed = killedAt.find(
      (moment) => before > moment - IN_FLIGHT.ms && before < moment + IN_FLIGHT.ms,
    );
    if (killed !== undefined) again.set(killed, (again.get(killed) ?? 0) + 1);
    else
      unexplained.push({
        ...{
          groupKey,
          alerts: alerts.length,
          over: alerts.filter((text) => text.endsWith('resolved')).length,
        },
        ...{ afterMs: at - before, sinceKills: killedAt.map((moment) => before - moment) },
      });
  }
  expect(unexplained).toEqual([]);
  for (const many of again.values()) expect(many).toBeLessThanOrEqual(IN_FLIGHT.many);
}

/** What happens in the story at this time, unless it is over before. */
const moment = (at: number, isOver = (): boolean => false): Promise<unknown> =>
  waitFor(() => Date.now() >= at || isOver(), { what: 'a moment', timeoutMs: 10 * STORM_MS });

interface WatchedGroups {
  /** How many it has seen so far. */
  looks(): number;
  /** How many looks at groups it saw, and what it saw of times that moved without one, or of looks before their time. */
  stop(): Promise<{ readonly looks: number; readonly moved: readonly string[] }>;
}

/** When groups are due, as the rows say it: only a look gives a group a later time. An alert that was told of before its others asks for an earlier one. */
function watchGroups(url: string, schema: string): WatchedGroups {
  const pool = new Pool({ connectionString: url, max: 1 });
  // PostgreSQL is killed too; the next question makes another connection.
  pool.on('error', () => undefined);
  const before = new Map<string, GroupTimes>();
  const moved: string[] = [];
  let looks = 0;
  let stopped = false;
  const see = (group: GroupTimes): void => {
    const { id, due, looked } = group;
    const last = before.get(id);
    before.set(id, group);
    if (last === undefined || (last.due === due && last.looked === looked)) return;
    if (last.looked === null && looked === null && due < last.due) return;
    looks += 1;
    const early = looked !== null && looked < last.due;
    if (last.looked === looked || early) moved.push(`${JSON.stringify(last)} → ${JSON.stringify(group)}`);
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const { rows } = await pool
        .query<GroupTimes>(
          `select id, extract(epoch from due_at)::float8 as due, extract(epoch from flushed_at)::float8 as looked
           from ${schema}.groups`,
        )
        .catch(() => ({ rows: [] }));
      rows.forEach(see);
      await moment(Date.now() + LOOK_EVERY_MS, () => stopped);
    }
  };
  const ended = loop();
  return {
    looks: () => looks,
    async stop() {
      if (!stopped) {
        stopped = true;
        await ended;
        await pool.end();
      }
      return { looks, moved };
    },
  };
}

interface GroupTimes {
  readonly id: string;
  /** Seconds since 1970. */
  readonly due: number;
  readonly looked: number | null;
}

/** Numbers in [0, 1) that follow from the seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
