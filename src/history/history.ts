/**
 * The history in Postgres: alerts, their episodes and timelines, the queue of messages, repairs, silences. It is the
 * truth of lists; Temporal is that of lifecycles. Every write is idempotent. What follows from a transition or a step
 * is decided by the dispatcher and the lives, not here.
 */
import type { MaintenanceStore, SilenceStore } from '../mute/port';
import type { OverrideStore } from '../oncall/port';
import type { PermitStore } from '../remediate/port';
import { openPools, type DatabaseOptions } from './database';
import { followAlertChanges } from './alert-changes';
import { createGroupRecords } from './group-records';
import { createAuditRows } from './audit';
import { createDrills } from './drills';
import { createEpisodeHistory } from './episodes';
import { createCallbacks } from './callbacks';
import { createDeadLetters } from './dead-letters';
import { createGroupStore } from './groups';
import { createHearingStore } from './hearing';
import { createIncidents } from './incidents';
import { createLists } from './lists';
import { createLives } from './lives';
import { createMaintenanceStore, createMuteNews } from './maintenances';
import { migrate, requireCurrent } from './migrate';
import { createPages } from './pages';
import { createPeerStore } from './peers';
import { createPermitStore } from './permits';
import { createOverrides } from './overrides';
import type {
  AlertChanges,
  AlertLists,
  GroupRecords,
  AuditRows,
  DrillStore,
  GroupsOf,
  EpisodeHistory,
  CallbackStore,
  DeadLetters,
  GroupStore,
  HearingStore,
  IncidentStore,
  LifeStore,
  MuteNewsStore,
  NotificationQueue,
  PagesStore,
  PeerStore,
  RateLimitStore,
  SilenceReminders,
  StormStore,
  UndeliveredStore,
} from './port';
import { createQueue } from './queue';
import { forgetBefore } from './retention';
import { createRateLimitStore } from './rate-limits';
import { createSilenceReminders } from './silence-reminders';
import { createSilences } from './silences';
import { createStormStore } from './storms';
import { createUndelivered } from './undelivered';

export interface HistoryOptions extends DatabaseOptions {
  /** False for tools: the schema is left as it is, and has to be this version's. True by default. */
  readonly migrate?: boolean;
  /** Of this process: while another one goes by newer routes, it is given no groups and no messages of theirs. */
  readonly peerId?: string;
  /** How long silences are shown after their end; 120 hours by default. */
  readonly silencesKeptMs?: number;
}

export interface History {
  readonly pages: PagesStore;
  readonly lives: LifeStore;
  readonly queue: NotificationQueue;
  readonly lists: AlertLists;
  readonly silences: SilenceStore;
  readonly maintenances: MaintenanceStore;
  readonly muteNews: MuteNewsStore;
  readonly episodes: EpisodeHistory;
  readonly reminders: SilenceReminders;
  readonly overrides: OverrideStore;
  readonly permits: PermitStore;
  readonly groups: GroupStore;
  readonly rateLimits: RateLimitStore;
  readonly storms: StormStore;
  readonly records: GroupRecords;
  readonly hearing: HearingStore;
  readonly peers: PeerStore;
  readonly audit: AuditRows;
  readonly drills: DrillStore;
  /** From now on an episode that a life opens joins these groups. */
  joinOpened(groupsOf: GroupsOf): void;
  readonly callbacks: CallbackStore;
  readonly incidents: IncidentStore;
  readonly deadLetters: DeadLetters;
  readonly undelivered: UndeliveredStore;
  /** What becomes of alerts, from now on, for one follower. */
  followAlerts(): AlertChanges;
  /** Forgets one batch of what was over before: episodes, silences, maintenances, overrides, acts. Returns how many rows; 0 when all is done. */
  forgetBefore(before: Date): Promise<number>;
  /** Throws TOC_DEPENDENCY_AWAY when Postgres does not answer. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** Connects and brings the schema up to date. Throws TOC_DEPENDENCY_AWAY, TOC_SCHEMA_NEWER or TOC_SCHEMA_OLDER. */
export async function openHistory(options: HistoryOptions): Promise<History> {
  const pools = openPools(options);
  const { database, close } = pools;
  let groupsOfOpened: GroupsOf = () => [];
  const groupsOf: GroupsOf = (alert, at) => groupsOfOpened(alert, at);
  try {
    await (options.migrate === false ? requireCurrent : migrate)(database);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    pages: createPages(database, groupsOf),
    lives: createLives(database, groupsOf),
    queue: createQueue(pools, (error) => options.onIdleError?.(error as Error)),
    lists: createLists(database),
    overrides: createOverrides(database),
    silences: createSilences(database, { keptMs: options.silencesKeptMs }),
    maintenances: createMaintenanceStore(database),
    muteNews: createMuteNews(database),
    episodes: createEpisodeHistory(database),
    reminders: createSilenceReminders(database),
    permits: createPermitStore(database),
    groups: createGroupStore(pools, {
      peerId: options.peerId ?? '',
      onListenError: (error) => options.onIdleError?.(error as Error),
    }),
    rateLimits: createRateLimitStore(database),
    storms: createStormStore(database),
    records: createGroupRecords(database),
    hearing: createHearingStore(database),
    peers: createPeerStore(database),
    audit: createAuditRows(database),
    drills: createDrills(database),
    joinOpened: (given) => void (groupsOfOpened = given),
    callbacks: createCallbacks(database),
    incidents: createIncidents(database),
    deadLetters: createDeadLetters(database),
    undelivered: createUndelivered(database),
    followAlerts: () => followAlertChanges(database),
    forgetBefore: (before) => forgetBefore(database, before),
    ready: async () => void (await database.run('select 1')),
    close,
  };
}
