/** What an alertmanager.yml means: resolved, typed and frozen. */
import type { Problem } from '../problems';
import type { GlobalOptions } from './global';
import type { InhibitRule } from './inhibit';
import type { Integration } from './receivers/kinds';
import type { Route } from './route';
import type { NamedTimeInterval } from './time-intervals';

export interface Receiver {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** In the order in which Alertmanager counts them. */
  readonly integrations: readonly Integration[];
}

export interface AlertmanagerConfig {
  /** Under the names that they have in the file, with Alertmanager's defaults. */
  readonly global: GlobalOptions;
  /** The root of the tree. */
  readonly route: Route;
  readonly receivers: readonly Receiver[];
  readonly inhibitRules: readonly InhibitRule[];
  readonly timeIntervals: readonly NamedTimeInterval[];
  /** Patterns of files, absolute. */
  readonly templates: readonly string[];
  readonly warnings: readonly Problem[];
  /** The text that it was read from, for people to read: without comments and secrets. */
  readonly original: string;
}
