/** What the dispatcher asks of Temporal. */
import type { LifePolicy } from '../domain/life';
import type { Transition } from '../domain/transition';

export type Delivered = 'started' | 'signalled' | 'no_life';

export interface Lives {
  /**
   * Starts the alert's life with a firing transition, or tells the one that runs. A resolve or change for which no life
   * runs is answered `no_life`. Throws when Temporal is away; delivering again is harmless.
   */
  deliver(transition: Transition, policy: LifePolicy): Promise<Delivered>;
}
