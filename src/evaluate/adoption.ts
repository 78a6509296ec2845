/**
 * Alerts that others know to be open, until the time comes at which they began: what was read before is read again, and
 * nothing that it says of an earlier time is theirs.
 */
import type { Labels } from '../domain/labels';
import { LabelSet } from '../promql/label-set';
import { SparseMap } from './sparse-map';

/** An alert that is open, as others know it. Milliseconds. */
export interface OpenAlert {
  /** What it is about, where that is known. */
  readonly series: LabelSet | null;
  readonly labels: Labels;
  readonly startsAt: number;
  readonly eventTime: number;
  /** When it recovered, where only `keep_firing_for` holds it open. */
  readonly keptSince: number | null;
  readonly value: number;
  readonly correlationId: string;
}

export class Adoption {
  /** By the keys of their labels. */
  private readonly waiting = new SparseMap<string, OpenAlert>();

  add(alert: OpenAlert): void {
    this.waiting.set(LabelSet.of(alert.labels).key, alert);
  }

  /** Those that had begun by this time, each once. */
  until(time: number): readonly OpenAlert[] {
    if (this.waiting.size === 0) return NONE;
    const begun = [...this.waiting].filter(([, { startsAt }]) => startsAt <= time);
    for (const [key] of begun) this.waiting.delete(key);
    return begun.map(([, alert]) => alert);
  }
}

const NONE: readonly OpenAlert[] = [];
