/** What is asked of a configuration beforehand: where alerts would go by it, and what its tests expect. */
import type { RouteOptions } from '../dispatch/port';
import type { Labels } from '../domain/labels';
import type { Matcher } from '../domain/matchers';
import type { Holder } from '../history/port';
import type { InhibitionRule, TimeIntervalByName } from '../mute/port';

/** What decides on an alert's way; an alertmanager.yml has it. */
export interface Policy {
  readonly route: RouteOptions;
  readonly inhibitRules: readonly InhibitionRule[];
  readonly timeIntervals: readonly TimeIntervalByName[];
}

/** A silence that is in effect. */
export interface NamedSilence {
  readonly name: string;
  readonly matchers: readonly Matcher[];
}

/** An alert's way by one route. */
export interface Way {
  readonly receiver: string;
  /** The matchers from the root to the route. */
  readonly route: string;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  /** Null: its receiver is told. */
  readonly muted: Muted | null;
}

export interface Muted {
  readonly reason: 'silence' | 'inhibition' | 'time interval';
  readonly by: readonly Holder[];
}

/** A moment, with all that fires then and what is expected of it. */
export interface ConfigTest {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly silences: readonly NamedSilence[];
  readonly alerts: readonly TestAlert[];
}

/** Undefined is what the test does not ask for. */
export interface TestAlert {
  readonly labels: Labels;
  /** Of all routes that it takes. */
  readonly receivers?: readonly string[];
  /** Those of them that are told, for nothing holds the alert back from them. */
  readonly told?: readonly string[];
  /** The labels of its group, by receiver. */
  readonly groups?: Readonly<Record<string, Labels>>;
  readonly mutedBy?: readonly ExpectedMute[];
  readonly escalation?: readonly ExpectedLevel[];
  /** When it fires, so long after the test's moment. */
  readonly afterMs: number;
  /** Who is told of it in a message of its own. */
  readonly single?: readonly string[];
  /** Who is told of it in a digest of alerts that are alike. */
  readonly digest?: readonly ExpectedDigest[];
}

/** Undefined is what the test does not ask for. */
export interface ExpectedDigest {
  readonly receiver: string;
  /** Since the alert fired. */
  readonly afterMs?: number;
  /** How many like it were told by themselves in the limit's time before. */
  readonly told?: number;
  /** What makes them alike. */
  readonly like?: Labels;
}

/** A silence or time interval by its name, an inhibition rule by its name or, from 1, its number. */
export interface ExpectedMute {
  readonly reason: Muted['reason'];
  readonly name: string;
}

/** Who is told so long after the alert fired, if nobody takes it. */
export interface ExpectedLevel {
  readonly afterMs: number;
  readonly receivers: readonly string[];
}

export interface ConfigTestFile {
  /** The configuration, relative to the file. */
  readonly config: string;
  readonly tests: readonly ConfigTest[];
}
