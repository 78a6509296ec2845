/** Reads what is on record of an alert, and says why people were told of it or not. */
import type { AlertLists, AlertRow, GroupRecords, RecordedRouting } from '../history/port';
import type { WhyAnswer } from './port';
import { episodeStart, placesFor, whyOf } from './why';
import { rulePagesOf } from './why-pages';
import { resolvedByHand } from './why-ends';

export interface AnswerWhyOptions {
  readonly lists: Pick<AlertLists, 'timeline' | 'notifications'>;
  readonly records: GroupRecords;
  /** Left out: as is on record. */
  readonly routing?: RecordedRouting;
  /** Whose processes look at groups. */
  readonly instance: string;
  readonly now: Date;
}

export async function answerWhy(alert: AlertRow, options: AnswerWhyOptions): Promise<WhyAnswer> {
  const { lists, records, instance, now } = options;
  const routing = options.routing ?? (await records.routing());
  const { fingerprint, episode } = alert;
  const [recorded, timeline, notifications] = await Promise.all([
    records.of(fingerprint, placesFor(alert, routing), episodeStart(alert)),
    lists.timeline(fingerprint, episode),
    lists.notifications(fingerprint, episode),
  ]);
  // Alerts of rules go to receivers of tocsin.yaml alone, unless it names an alertmanager.yml.
  const isRouted = alert.rule === null || routing?.ofRules === true || recorded.groups.length > 0;
  return {
    alert,
    routes: isRouted ? whyOf({ alert, routing, records: recorded, instance, now }) : [],
    pages: [...rulePagesOf(timeline, notifications), ...(isRouted ? [] : resolvedByHand(alert, now))],
  };
}
