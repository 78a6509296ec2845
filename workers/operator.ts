/** A person's access, for the command line: lists and kill switches in Postgres, actions on alerts through Temporal. */
import { createRequire } from 'node:module';
import type { Config } from '../src/config/config';
import { openHistory } from '../src/history/history';
import type {
  AlertLists,
  DeadLetters,
  DrillStore,
  EpisodeHistory,
  GroupRecords,
  IncidentStore,
} from '../src/history/port';
import type { MaintenanceStore, SilenceStore } from '../src/mute/port';
import type { OverrideStore } from '../src/oncall/port';
import type { PermitStore } from '../src/remediate/port';
import type { AlertActions } from '../src/temporal/actions';
import type { DrillControl } from '../src/temporal/drills';
import { policiesOf } from './policies';

const read = createRequire(__filename);

const ANSWER_WITHIN_MS = 10_000;
/** Three tries and the pauses between them; nobody waits for one that takes longer. */
const DRILL_WITHIN_MS = 300_000;

export interface Operator {
  readonly lists: AlertLists;
  readonly records: GroupRecords;
  readonly permits: Pick<PermitStore, 'switches' | 'setSwitch'>;
  readonly silences: Pick<SilenceStore, 'active' | 'set' | 'expire' | 'list'>;
  readonly episodes: EpisodeHistory;
  readonly maintenances: MaintenanceStore;
  readonly overrides: OverrideStore;
  readonly incidents: IncidentStore;
  readonly deadLetters: DeadLetters;
  readonly actions: AlertActions;
  readonly drills: DrillAccess;
  close(): Promise<void>;
}

/** What drills came to, and their Schedules. */
export interface DrillAccess extends DrillControl {
  latest: DrillStore['latest'];
}

/** Temporal is connected to by the first action, so that lists work while it is away. */
export async function openOperator(config: Config): Promise<Operator> {
  const { instance } = config;
  const history = await openHistory({
    url: config.postgres.url.reveal(),
    instance,
    maxConnections: 2,
    migrate: false,
  });
  let temporal: ReturnType<typeof connectTemporal> | undefined;
  const linked = () => (temporal ??= connectTemporal(config));
  const connected = async (): Promise<AlertActions> => (await linked()).actions;
  return {
    lists: history.lists,
    records: history.records,
    permits: history.permits,
    silences: history.silences,
    episodes: history.episodes,
    maintenances: history.maintenances,
    overrides: history.overrides,
    incidents: history.incidents,
    deadLetters: history.deadLetters,
    actions: {
      acknowledge: async (row, request) => (await connected()).acknowledge(row, request),
      unacknowledge: async (row, request) => (await connected()).unacknowledge(row, request),
      resolve: async (row, request) => (await connected()).resolve(row, request),
      silence: async (row, request) => (await connected()).silence(row, request),
      unsilence: async (row, request) => (await connected()).unsilence(row, request),
      escalate: async (row, request) => (await connected()).escalate(row, request),
      status: async (fingerprint) => (await connected()).status(fingerprint),
    },
    drills: {
      latest: () => history.drills.latest(),
      times: async (drill) => (await linked()).drills.times(drill),
      run: async (input) => (await linked()).drills.run(input),
    },
    async close() {
      const opened = await temporal?.catch(() => null);
      await Promise.all([opened?.close(), history.close()]);
    },
  };
}

/** Loaded when needed: a list is there before Temporal's client would be. */
async function connectTemporal(config: Config) {
  const { connectClient } = read('../src/temporal/client') as typeof import('../src/temporal/client');
  const { createActions } = read('../src/temporal/actions') as typeof import('../src/temporal/actions');
  const { createDrillControl } = read('../src/temporal/drills') as typeof import('../src/temporal/drills');
  const { client, close } = await connectClient(config.temporal);
  const { instance } = config;
  const policyFor = config.file === null ? null : policiesOf(config);
  return {
    actions: createActions({ client, instance, policyFor, timeoutMs: ANSWER_WITHIN_MS }),
    drills: createDrillControl(client, instance, DRILL_WITHIN_MS),
    close,
  };
}
