/**
 * A target that does not answer mutes the other alerts of its instance, for as long as that fires but no longer than so
 * many milliseconds: what is broken beside it has to be heard of in the end. Alerts that say that a target is down mute each
 * other never.
 */
import { instanceIn } from '../domain/target-down';
import type { Labels } from '../domain/labels';

export interface DownAlert {
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly startsAt: number;
  /** The instance that it says is down; null where it says nothing of the kind. */
  readonly downTarget: string | null;
}

export interface TargetDownMutes {
  /** Takes in an alert that fires, or what is new of one that it knows. */
  add(alert: DownAlert): void;
  remove(fingerprint: string): void;
  /** The alert that mutes this one at `at`. */
  mutedBy(alert: Pick<DownAlert, 'downTarget'> & { readonly labels: Labels }, at: number): readonly string[];
}

export function createTargetDownMutes(longestMs: number): TargetDownMutes {
  /** By instance, then by fingerprint: until when each mutes. */
  const untils = new Map<string, Map<string, number>>();
  const instances = new Map<string, string>();

  function remove(fingerprint: string): void {
    const instance = instances.get(fingerprint);
    if (instance === undefined) return;
    instances.delete(fingerprint);
    const alerts = untils.get(instance)!;
    alerts.delete(fingerprint);
    if (alerts.size === 0) untils.delete(instance);
  }

  return {
    add({ fingerprint, startsAt, downTarget }) {
      remove(fingerprint);
      if (downTarget === null) return;
      const alerts = untils.get(downTarget) ?? new Map<string, number>();
      untils.set(downTarget, alerts.set(fingerprint, startsAt + longestMs));
      instances.set(fingerprint, downTarget);
    },
    remove,
    mutedBy({ labels, downTarget }, at) {
      const instance = instanceIn(labels);
      if (downTarget !== null || instance === null) return [];
      const holding = [...(untils.get(instance) ?? [])].filter(([, until]) => at < until);
      // The same in every process.
      return holding
        .map(([fingerprint]) => fingerprint)
        .sort()
        .slice(0, 1);
    },
  };
}
