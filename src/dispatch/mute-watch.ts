/**
 * Tells alerts' lives that what mutes them has begun, changed or ended: their escalation waits then, or goes on, and a repair
 * that was refused is asked for again. A change by command or over the API is a row that stays until all lives have been
 * told; silences that last until their alerts are over end here, and people are reminded
 * of those that end soon; that a recurring maintenance begins is seen by looking. When one ends by itself its lives know beforehand. Any
 * number of processes may watch; a life that is told twice asks what holds it and does nothing.
 */
import { messageOf } from '../domain/errors';
import { compileMaintenance, type MaintenanceScope } from '../domain/maintenance';
import type { MuteNewsStore } from '../history/port';
import type { Maintenances, SilenceStore } from '../mute/port';
import { createTurns, type Logger, type Turns } from '../observe/observe';

export interface MuteWatchOptions {
  readonly news: MuteNewsStore;
  readonly maintenances: Pick<Maintenances, 'active'>;
  readonly silences: Pick<SilenceStore, 'endResolved'>;
  /** Reminds people of silences that end soon; left out, nobody is reminded. */
  readonly remind?: (at: Date) => Promise<void>;
  /** Tells the life of an alert; one that has none is nobody's affair. Throws when lives cannot be told. */
  readonly tell: (fingerprint: string) => Promise<void>;
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn' | 'debug'>;
  readonly everyMs?: number;
}

const AT_ONCE = 100;
const LEASE_MS = 30_000;
const TOLD_TOGETHER = 20;

export function createMuteWatch(options: MuteWatchOptions): Turns {
  const { news, maintenances, silences, remind, tell, now, log, everyMs = 1_000 } = options;
  /** Of the occurrences that lives have been told of. */
  let known: ReadonlySet<string> = new Set();

  async function turn(): Promise<number> {
    await silences.endResolved(new Date(now()));
    await remind?.(new Date(now()));
    const active = (await maintenances.active(new Date(now()))).map(({ maintenance, until }) => ({
      key: `${maintenance.id} ${until}`,
      scope: maintenance,
    }));
    const changes = await news.take(AT_ONCE, LEASE_MS);
    const begun = active.filter(({ key }) => !known.has(key));
    await tellLives([...begun, ...changes].map(({ scope }) => scope));
    await news.done(changes.map(({ id }) => id));
    known = new Set(active.map(({ key }) => key));
    return changes.length === AT_ONCE ? 0 : everyMs;
  }

  async function tellLives(scopes: readonly MaintenanceScope[]): Promise<void> {
    if (scopes.length === 0) return;
    const covers = scopes.flatMap((scope) => coverOf(scope));
    const open = await news.openAlerts();
    const about = open.filter(({ labels }) => covers.some((holds) => holds(labels)));
    for (let from = 0; from < about.length; from += TOLD_TOGETHER) {
      const part = about.slice(from, from + TOLD_TOGETHER);
      await Promise.all(part.map(({ fingerprint }) => tell(fingerprint)));
    }
  }

  return createTurns({
    turn,
    onError: (error, again) =>
      log[again ? 'debug' : 'warn'](
        { err: error },
        `lives are told later of what mutes their alerts: ${messageOf(error)}`,
      ),
  });
}

/** What cannot be understood mutes nobody, and nobody has to hear of it. */
function coverOf({ targets, environments, matchers }: MaintenanceScope) {
  try {
    const { covers } = compileMaintenance({
      ...{ targets, environments, matchers, id: '', name: '', createdBy: '', comment: '' },
      ...{ startsAt: null, endsAt: null, intervals: null },
    });
    return [covers];
  } catch {
    return [];
  }
}
