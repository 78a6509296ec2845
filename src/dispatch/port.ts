/** What the dispatcher asks of Temporal. */
import type { Labels } from '../domain/labels';
import type { LifePolicy } from '../domain/life';
import type { Matcher } from '../domain/matchers';
import type { Transition } from '../domain/transition';

export type Delivered = 'started' | 'signalled' | 'no_life';

export interface Lives {
  /**
   * Starts the alert's life with a firing transition, or tells the one that runs. A resolve or change for which no life
   * runs is answered `no_life`. Throws when Temporal is away; delivering again is harmless.
   */
  deliver(transition: Transition, policy: LifePolicy): Promise<Delivered>;
}

/** A route as it is in effect, and those below it. Durations in ms. */
export interface RouteOptions {
  readonly receiver: string;
  /** Labels whose values make a group; null stands for all of an alert's labels. */
  readonly groupBy: readonly string[] | null;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** All of them have to hold; sorted. */
  readonly matchers: readonly Matcher[];
  /** Whether the next of its siblings is asked too. */
  readonly continue: boolean;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** Values may be templates over the group. */
  readonly labels: Labels;
  readonly routes: readonly RouteOptions[];
}
