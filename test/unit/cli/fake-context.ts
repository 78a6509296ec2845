/** A context without a terminal or servers, and an operator over rows in memory. */
import type { Context } from '../../../src/cli/context';
import type { AlertActions, Operator, Wiring } from '../../../src/cli/port';
import { runCli } from '../../../src/cli/program';
import type { Maintenance } from '../../../src/domain/maintenance';
import { compileMatchers, parseMatcher } from '../../../src/domain/matchers';
import type { ActionAnswer, LifeStatus } from '../../../src/domain/life';
import type { DrillOutcome } from '../../../src/domain/drill';
import type {
  AlertLists,
  AlertRecords,
  AlertRow,
  IncidentRow,
  DeadLetter,
  DrillResult,
  RecordedRouting,
} from '../../../src/history/port';
import type { Silence } from '../../../src/mute/port';
import type { StoredOverride } from '../../../src/oncall/port';
import type { DrillTimes } from '../../../src/temporal/drills';
import type { KillSwitch } from '../../../src/remediate/port';

export const NOW = Date.parse('2026-11-21T12:12:00Z');
const minutesAgo = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();

export function alertRow(change: Partial<AlertRow> = {}): AlertRow {
  const startsAt = change.startsAt ?? minutesAgo(12);
  return {
    fingerprint: '7c3f00aa11bb22cc',
    labels: {
      alertname: 'PostgresConnectionsHigh',
      severity: 'critical',
      instance_id: 'prod-db-01',
      database_type: 'postgresql',
      environment: 'production',
      region: 'us-east-1',
      service: 'orders',
    },
    annotations: {
      summary: 'The server is running out of connections',
      runbook_url: 'https://wiki.example.com/c',
    },
    state: 'FIRING',
    episode: Date.parse(startsAt),
    fireCount: 1,
    startsAt,
    endsAt: null,
    value: 92.50000000001,
    threshold: 85,
    eventTime: Date.parse(startsAt),
    rule: { group: 'postgres', name: 'PostgresConnectionsHigh', hash: '00' },
    condition: {
      metric: 'connections_used_percent',
      series: {},
      operator: '>',
      threshold: 85,
      recovery_threshold: 65,
    },
    cooldownMs: null,
    runbook: null,
    recent: [],
    correlationId: 'c-1',
    acknowledgement: null,
    resolvedBy: null,
    quietUntil: null,
    expiresAt: null,
    timedOut: false,
    generatorUrl: '',
    ...change,
  };
}

export interface Calls {
  readonly calls: [string, ...unknown[]][];
}

export interface World {
  readonly rows?: readonly AlertRow[];
  readonly status?: LifeStatus | null | Error;
  readonly lists?: Partial<AlertLists>;
  readonly answer?: ActionAnswer | Error;
  readonly switches?: readonly KillSwitch[];
  readonly silences?: readonly Silence[];
  readonly records?: Partial<AlertRecords>;
  readonly routing?: RecordedRouting;
  readonly overrides?: readonly StoredOverride[];
  readonly maintenances?: readonly Maintenance[];
  readonly incidents?: readonly IncidentRow[];
  readonly dead?: readonly DeadLetter[];
  readonly drills?: {
    readonly latest?: readonly DrillResult[];
    readonly times?: Readonly<Record<string, DrillTimes | Error>>;
    readonly outcomes?: readonly DrillOutcome[];
  };
}

export function fakeOperator(world: World, calls: Calls['calls']): Operator {
  const rows = world.rows ?? [alertRow()];
  const lists: AlertLists = {
    async list(filter) {
      const matches = compileMatchers((filter.matchers ?? []).map(parseMatcher));
      return rows
        .filter((row) => filter.state === undefined || row.state === filter.state)
        .filter((row) => filter.severity === undefined || row.labels.severity === filter.severity)
        .filter((row) => matches(row.labels))
        .slice(0, filter.limit);
    },
    async find(prefix) {
      const found = rows.filter(({ fingerprint }) => fingerprint.startsWith(prefix));
      return found.length === 1 ? found[0]! : null;
    },
    timeline: async () => [],
    notifications: async () => [],
    remediations: async () => [],
    artifacts: async () => [],
    related: async () => [],
    ...world.lists,
  };
  const answer = (name: string) => async (row: AlertRow, request: unknown) => {
    calls.push([name, row.fingerprint, request]);
    const given = world.answer ?? { state: 'ACKNOWLEDGED', message: 'held by alice' };
    if (given instanceof Error) throw given;
    return given;
  };
  const actions: AlertActions = {
    acknowledge: answer('acknowledge'),
    unacknowledge: answer('unacknowledge'),
    resolve: answer('resolve'),
    silence: answer('silence'),
    unsilence: answer('unsilence'),
    escalate: answer('escalate'),
    async status() {
      if (world.status instanceof Error) throw world.status;
      return world.status ?? null;
    },
  };
  const switches = new Map((world.switches ?? []).map((one) => [one.scope, one]));
  const permits: Operator['permits'] = {
    switches: async () => [...switches.values()],
    async setSwitch(change) {
      calls.push(['setSwitch', change]);
      switches.set(change.scope, { ...change, changedAt: new Date(NOW).toISOString() });
    },
  };
  const records: Operator['records'] = {
    of: async () => ({ groups: [], messages: [], deliveries: [], holds: [], ...world.records }),
    keepRouting: async (routing) => void calls.push(['keepRouting', routing]),
    routing: async () => world.routing ?? null,
  };
  const stored = [...(world.overrides ?? [])];
  const overrides: Operator['overrides'] = {
    async create(override) {
      calls.push(['override', override]);
      stored.push(override);
    },
    between: async (schedule, from, to) =>
      stored.filter((one) => one.schedule === schedule && one.from < to && one.to > from),
  };
  const begun = [...(world.maintenances ?? [])];
  const isOver = ({ endsAt }: Maintenance, at: Date): boolean => endsAt !== null && Date.parse(endsAt) <= +at;
  const maintenances: Operator['maintenances'] = {
    async start(maintenance, at) {
      calls.push(['start', maintenance]);
      if (begun.some((one) => one.name === maintenance.name && !isOver(one, at))) return false;
      begun.push(maintenance);
      return true;
    },
    async end(name, at) {
      calls.push(['end', name]);
      return begun.filter((one) => one.name === name && !isOver(one, at)).length;
    },
    goBy: async (_, scopes) => void calls.push(['goBy', scopes]),
    current: async (at) => begun.filter((one) => !isOver(one, at)),
    list: async (since) => begun.filter((one) => !isOver(one, since)),
  };
  const kept = (world.silences ?? []).map((one) => ({ ...one, annotations: {}, updatedAt: one.startsAt }));
  const silences: Operator['silences'] = {
    active: async () => world.silences ?? [],
    async set(wanted) {
      calls.push(['set', wanted]);
      return 'new-silence';
    },
    async expire(id) {
      calls.push(['expire', id]);
      return kept.some((one) => one.id === id);
    },
    list: async () => kept,
  };
  const known = [...(world.incidents ?? [])];
  const openIncident = (id: number) => known.find((one) => one.id === id && one.state === 'open') ?? null;
  const incidents: Operator['incidents'] = {
    list: async ({ all, limit }) => known.filter(({ state }) => all || state === 'open').slice(0, limit),
    find: async (id) => known.find((one) => one.id === id) ?? null,
    alerts: async () =>
      rows.map(({ fingerprint, episode, labels, annotations, state, startsAt, endsAt }) => ({
        ...{ fingerprint, episode, labels, annotations, state, at: startsAt, endedAt: endsAt },
        takenBy: null,
      })),
    timeline: async () => [],
    notifications: async () => [],
    async handOver(id, to, act) {
      calls.push(['handOver', id, to, act]);
      const open = openIncident(id);
      return open && { ...open, commander: to.person };
    },
    async resolve(id, act, resolveTo) {
      calls.push(['resolveIncident', id, act, resolveTo]);
      const open = openIncident(id);
      return open && { ...open, state: 'resolved', resolvedBy: act.by };
    },
    resolveOver: async () => ({ resolved: 0, open: 0 }),
    tellTaken: async () => 0,
    sendWithheld: async () => 0,
  };
  const episodes: Operator['episodes'] = {
    open: async () => rows.filter(({ state }) => state !== 'RESOLVED'),
    since: async () =>
      rows.map((row) => ({
        ...row,
        startsAt: new Date(row.startsAt),
        endsAt: row.endsAt ? new Date(row.endsAt) : null,
      })),
  };
  const deadLetters: Operator['deadLetters'] = {
    async list(filter) {
      calls.push(['dead', filter]);
      return world.dead ?? [];
    },
    async resend(ids, by) {
      calls.push(['resend', ids, by]);
      return ids.map((id) => {
        const letter = world.dead?.find((one) => one.id === id);
        if (letter === undefined) return { id, isResent: false, text: 'there is no such message' };
        return { id, isResent: true, text: `${letter.receiver} is told again` };
      });
    },
  };
  const drills: Operator['drills'] = {
    latest: async () => world.drills?.latest ?? [],
    async times(drill) {
      const times = world.drills?.times?.[drill] ?? null;
      if (times instanceof Error) throw times;
      return times;
    },
    async run(input) {
      calls.push(['drill', input]);
      return world.drills?.outcomes ?? [];
    },
  };
  return {
    ...{
      lists,
      records,
      permits,
      silences,
      episodes,
      maintenances,
      overrides,
      deadLetters,
      actions,
      incidents,
      drills,
    },
    close: async () => void calls.push(['close']),
  };
}

export interface Ran extends Calls {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function run(
  args: readonly string[],
  world: World = {},
  more: Partial<Context> & { wire?: Partial<Wiring> } = {},
): Promise<Ran> {
  const calls: Calls['calls'] = [];
  const out: string[] = [];
  const err: string[] = [];
  const refuse = (name: string) => async () => {
    calls.push([name]);
    throw new Error(`${name} was started`);
  };
  const { wire, ...context } = more;
  const code = await runCli(args, {
    print: (line) => void out.push(line),
    drained: async () => undefined,
    complain: (line) => void err.push(line),
    env: { USER: 'alice' },
    colour: false,
    width: null,
    now: () => NOW,
    runningDev: () => null,
    accountName: () => null,
    wiring: {
      openOperator: async () => fakeOperator(world, calls),
      runRoles: refuse('runRoles'),
      runDev: refuse('runDev'),
      runServe: refuse('runServe'),
      runDemo: refuse('runDemo'),
      testReceivers: refuse('testReceivers'),
      openPublisher: refuse('openPublisher'),
      readMetrics: refuse('readMetrics'),
      readShadow: refuse('readShadow'),
      openEvaluators: () => {
        throw new Error('evaluators were asked');
      },
      ...wire,
    },
    ...context,
  });
  return { code, out: out.join('\n'), err: err.join('\n'), calls };
}
