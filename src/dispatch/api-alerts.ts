/**
 * The alerts as senders and readers of the API see them. What is posted goes the way of every transition, through
 * `gds.alerts`; the answer waits for the row, so that a reader finds what its sender was told is there. In a storm the
 * readers wait instead, and senders have their answer as soon as Kafka has what they said.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiAlert, ApiAlerts, ApiGroup, PostedAlert } from '../api/port';
import { TocsinError } from '../domain/errors';
import type { Transition } from '../domain/transition';
import type { KnownAlert } from '../history/port';
import { byJobAndInstance } from './alert-order';
import type { RouteOptions } from './port';
import type { Grouping } from './grouping';
import { shownEnd } from './hearing';
import { isOver } from './known-alerts';
import { transitionOf } from './posted';
import type { UnderWay } from './under-way';

/** Why nobody is told of an alert now. */
export interface AlertMutes {
  silencer(at: Date): Promise<(labels: KnownAlert['labels']) => readonly string[]>;
  /** Names of the maintenances that cover it. */
  maintainer?(at: Date): Promise<SilencedBy>;
  inhibitedBy(alert: KnownAlert, at: number): readonly string[];
  /** Names of the time intervals that hold the route's alerts back now. */
  timeMutedBy(
    route: Pick<RouteOptions, 'muteTimeIntervals' | 'activeTimeIntervals'>,
    at: number,
  ): readonly string[];
}

export interface ApiAlertsOptions {
  readonly grouping: Pick<Grouping, 'known' | 'routing'>;
  readonly publish: (transitions: readonly Transition[]) => Promise<void>;
  readonly mutes: AlertMutes;
  readonly underWay: UnderWay;
  readonly now: () => number;
  /** How long an answer waits for the rows once Kafka has what was posted. */
  readonly visibleMs?: number;
}

type SilencedBy = (labels: KnownAlert['labels']) => readonly string[];

interface Muters {
  readonly silenced: SilencedBy;
  readonly maintained: SilencedBy;
}

const CATCH_UP_MS = 200;
/** How old, in a storm, may be what is known of that which other processes have received. */
const STORM_CATCH_UP_EVERY_MS = 250;
/** Longer than rows take in a storm, and as long as a reader waits. */
const READER_PATIENCE_MS = 2_000;
/** The end of an alert of a rule, which has none while it fires: nobody has to tell it again. */
const NEVER = '9999-12-31T23:59:59.000Z';

export function createApiAlerts(options: ApiAlertsOptions): ApiAlerts {
  const { grouping, publish, mutes, underWay, now, visibleMs = 500 } = options;
  const { known } = grouping;
  let lastAt = 0;
  let caughtUpAt = -Infinity;

  const knownAt = (fingerprint: string): number => known.get(fingerprint)?.updatedAt ?? -Infinity;
  const isOpen = (fingerprint: string, { annotations }: PostedAlert): boolean => {
    const alert = known.get(fingerprint);
    return alert !== undefined && !isOver(alert, now()) && isSame(alert.annotations, annotations);
  };

  /** What other processes have received, where it can be had at once: what is posted comes after it. */
  async function catchUp(): Promise<void> {
    if (underWay.isStorm() && now() - caughtUpAt < STORM_CATCH_UP_EVERY_MS) return;
    caughtUpAt = now();
    const enough = new AbortController();
    const waited = sleep(CATCH_UP_MS, undefined, { signal: enough.signal }).catch(() => undefined);
    await Promise.race([known.refresh().catch(() => undefined), waited]);
    enough.abort();
  }

  function shown(alert: KnownAlert, at: Date, { silenced, maintained }: Muters): ApiAlert {
    const places = grouping.routing().index.placesOf(alert.fingerprint);
    const silencedBy = silenced(alert.labels);
    const maintainedBy = maintained(alert.labels);
    const inhibitedBy = mutes.inhibitedBy(alert, at.getTime());
    const end = shownEnd(alert, at.getTime());
    const isMuted = silencedBy.length + maintainedBy.length + inhibitedBy.length > 0;
    return {
      fingerprint: alert.fingerprint,
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: new Date(alert.startsAt).toISOString(),
      endsAt: end === null ? NEVER : new Date(end).toISOString(),
      updatedAt: new Date(alert.updatedAt).toISOString(),
      generatorUrl: alert.generatorUrl,
      receivers: [...new Set(places.map(({ route }) => route.options.receiver))].sort(),
      status: {
        state: isMuted ? 'suppressed' : 'active',
        silencedBy,
        inhibitedBy,
        ...(maintainedBy.length > 0 && { maintainedBy }),
      },
    };
  }

  async function mutersAt(at: Date): Promise<Muters> {
    const [silenced, maintained] = await Promise.all([
      mutes.silencer(at),
      mutes.maintainer?.(at) ?? (() => []),
    ]);
    return { silenced, maintained };
  }

  async function current(): Promise<void> {
    await underWay.shown(READER_PATIENCE_MS).catch((cause: unknown) => {
      throw new TocsinError('TOC_DEPENDENCY_AWAY', 'alerts cannot be read now', { cause });
    });
  }

  return {
    async post(alerts) {
      if (alerts.length === 0) return;
      await catchUp();
      lastAt = Math.max(now(), lastAt + 1);
      const at = lastAt;
      const transitions = alerts.map((alert) => transitionOf(alert, at, isOpen, knownAt));
      await publish(transitions);
      underWay.add(transitions);
      // With Postgres away the alerts are safe all the same, and shown later.
      if (!underWay.isStorm()) await underWay.shown(visibleMs).catch(() => undefined);
    },
    async list() {
      await current();
      const at = new Date(now());
      const open = [...known.all()].filter((alert) => !isOver(alert, at.getTime()));
      const muters = await mutersAt(at);
      return open.map((alert) => shown(alert, at, muters));
    },
    async groups() {
      await current();
      const at = new Date(now());
      const muters = await mutersAt(at);
      const groups: ApiGroup[] = [];
      for (const group of grouping.routing().index.groups()) {
        const members = [...group.members].flatMap((fingerprint) => known.get(fingerprint) ?? []);
        const open = members.filter((alert) => !isOver(alert, at.getTime()));
        if (open.length === 0) continue;
        open.sort((a, b) => byJobAndInstance(a.labels, b.labels));
        const { options: route, labels: routeLabels } = group.route;
        const alerts = open.map((alert) => shown(alert, at, muters));
        const mutedBy = mutes.timeMutedBy(route, at.getTime());
        groups.push({ labels: group.labels, routeLabels, receiver: route.receiver, mutedBy, alerts });
      }
      return groups;
    },
  };
}

const isSame = (some: KnownAlert['annotations'], others: KnownAlert['annotations']): boolean => {
  const names = Object.keys(some);
  return names.length === Object.keys(others).length && names.every((name) => some[name] === others[name]);
};
