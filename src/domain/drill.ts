/** A drill: receivers are told, regularly and by themselves, so that it is known that they would be reached. */

/** What a drill's workflow goes by. */
export interface DrillInput {
  readonly drill: string;
  readonly receivers: readonly string[];
}

/** One receiver of one drill. `at` is when it was due: with the names the key of all that is sent. */
export interface DrilledReceiver {
  readonly drill: string;
  readonly receiver: string;
  /** Milliseconds. */
  readonly at: number;
}

/** What came of a receiver; of one that has several ways, of all together. */
export interface DrillOutcome {
  readonly receiver: string;
  readonly delivered: boolean;
  /** Whether it may go better another time. */
  readonly retryable: boolean;
  /** What it answered, or why it was not told. */
  readonly detail: string;
}

export const DRILL_ALERT = 'TocsinDrill';
export const DRILL_FAILED = 'TocsinDrillFailed';
export const DRILL_SOURCE = 'drill';

const OF_ALERTMANAGER = 'alertmanager/';

/** How a receiver of alertmanager.yml is named where those of tocsin.yaml are, whose names have no `/`. */
export const alertmanagerReceiver = (name: string): string => `${OF_ALERTMANAGER}${name}`;

/** Its name in alertmanager.yml; null for a receiver of tocsin.yaml. */
export const nameInAlertmanager = (receiver: string): string | null =>
  receiver.startsWith(OF_ALERTMANAGER) ? receiver.slice(OF_ALERTMANAGER.length) : null;
