/**
 * Which maintenance covers an alert, or holds a repair, now: those of the configuration and those that people have begun by
 * command. Reads are shared and kept for half a second, as those of silences are, and one that was ended mutes nobody from
 * that moment. For repairs it is read anew each time. What follows from it, and from its not being readable, is the caller's.
 */
import {
  compileMaintenance,
  isEndless,
  maintenanceText,
  type CompiledMaintenance,
  type Maintenance,
} from '../domain/maintenance';
import type { Labels } from '../domain/labels';
import type { Holder } from '../history/port';
import type { MaintenanceStore, Maintenances, MuteVerdict, SilenceMutes, UnderMaintenance } from './port';

export interface MaintenancesOptions {
  readonly store: Pick<MaintenanceStore, 'current'>;
  /** Those of tocsin.yaml, as they are now: another list where they have changed. */
  readonly configured: () => readonly Maintenance[];
  /** How long a reading is kept, at most a second. */
  readonly cacheMs?: number;
}

interface Reading {
  readonly at: number;
  readonly all: Promise<readonly CompiledMaintenance[]>;
}

export function createMaintenances({ store, configured, cacheMs = 500 }: MaintenancesOptions): Maintenances {
  let ofFile: { readonly all: readonly Maintenance[]; readonly compiled: readonly CompiledMaintenance[] } = {
    ...{ all: [], compiled: [] },
  };
  let compiled = new Map<string, CompiledMaintenance>();
  let reading: Reading | null = null;

  function ofConfiguration(): readonly CompiledMaintenance[] {
    const all = configured();
    if (all !== ofFile.all) ofFile = { all, compiled: all.map(compileMaintenance) };
    return ofFile.compiled;
  }

  /** One that has not changed keeps what it has found out about its times. */
  function compile(maintenances: readonly Maintenance[]): readonly CompiledMaintenance[] {
    const kept = new Map<string, CompiledMaintenance>();
    for (const maintenance of maintenances) {
      const key = JSON.stringify(maintenance);
      kept.set(key, compiled.get(key) ?? compileMaintenance(maintenance));
    }
    compiled = kept;
    return [...ofConfiguration(), ...kept.values()];
  }

  function read(at: Date): Reading {
    const fresh: Reading = { at: at.getTime(), all: store.current(at).then(compile) };
    reading = fresh;
    fresh.all.catch(() => {
      if (reading === fresh) reading = null;
    });
    return fresh;
  }

  const remembered = (at: Date): Reading | null =>
    reading !== null && Math.abs(at.getTime() - reading.at) < cacheMs ? reading : null;

  return {
    async covering(labels, at) {
      const covers = ({ covers: holdsFor }: CompiledMaintenance): boolean => holdsFor(labels);
      const known = remembered(at);
      const found = longest(await (known ?? read(at)).all, covers, at);
      // One that was ended meanwhile must mute nobody, so what is only remembered is asked again.
      return found === null || known === null ? found : longest(await read(at).all, covers, at);
    },
    async maintainer(at) {
      const all = await read(at).all;
      return (labels) => inEffect(all, ({ covers }) => covers(labels), at);
    },
    active: async (at) => inEffect(await read(at).all, () => true, at),
    async holding(subject, at) {
      const holds = ({ holds: holdsFor }: CompiledMaintenance): boolean => holdsFor(subject);
      // What the configuration says is known without anybody's answer.
      return longest(ofConfiguration(), holds, at) ?? longest(await read(at).all, holds, at);
    },
  };
}

type Takes = (maintenance: CompiledMaintenance) => boolean;

function inEffect(all: readonly CompiledMaintenance[], takes: Takes, at: Date): UnderMaintenance[] {
  return all
    .flatMap((one) => {
      const until = takes(one) ? one.activeUntil(at.getTime()) : null;
      return until === null ? [] : [{ maintenance: one.maintenance, until: new Date(until).toISOString() }];
    })
    .sort((a, b) => Date.parse(b.until) - Date.parse(a.until));
}

const longest = (all: readonly CompiledMaintenance[], takes: Takes, at: Date): UnderMaintenance | null =>
  inEffect(all, takes, at)[0] ?? null;

/** Silences and maintenances as one: whatever mutes the alert the longest is named. */
export function withMaintenances(mutes: SilenceMutes, maintenances: Maintenances): SilenceMutes {
  return {
    ...mutes,
    async verdict(labels, at) {
      const [silenced, maintained] = await Promise.all([
        mutes.verdict(labels, at),
        maintenances.covering(labels, at),
      ]);
      if (maintained === null) return silenced;
      const verdict = maintainedVerdict(maintained);
      return silenced.muted && Date.parse(silenced.until) >= Date.parse(verdict.until) ? silenced : verdict;
    },
  };
}

type Muted = Extract<MuteVerdict, { muted: true }>;

function maintainedVerdict(under: UnderMaintenance): Muted {
  const { maintenance, until } = under;
  return {
    ...{ muted: true, reason: 'maintenance', by: `maintenance ${maintenance.name}`, until },
    ...{ detail: maintenanceText(maintenance, until), holder: holderOf(under) },
  };
}

function holderOf({ maintenance, until }: UnderMaintenance): Holder {
  const { name, createdBy, comment } = maintenance;
  const endsAt = isEndless(maintenance) ? null : until;
  return { kind: 'maintenance', name, createdBy, comment, endsAt };
}

/** For groups, which name what holds an alert back and say for the record later what that was. */
export interface MaintenanceNames {
  maintainer(at: Date): Promise<(labels: Labels) => readonly string[]>;
  /** Of one that was named before. */
  holder(name: string): Holder;
}

export function maintenanceNames(maintenances: Pick<Maintenances, 'maintainer'>): MaintenanceNames {
  const named = new Map<string, Holder>();
  return {
    async maintainer(at) {
      const maintainedBy = await maintenances.maintainer(at);
      return (labels) =>
        maintainedBy(labels).map((under) => {
          const { name } = under.maintenance;
          named.set(name, holderOf(under));
          return name;
        });
    },
    holder: (name) =>
      named.get(name) ?? { kind: 'maintenance', name, createdBy: '', comment: '', endsAt: null },
  };
}
