/** Reads what is on record of an alert, and says why people were told of it or not. */
import type { AlertLists, AlertRow, GroupRecords, RecordedRouting } from '../history/port';
import type { WhyAnswer } from './port';
import { episodeStart, placesFor, whyOf } from './why';
import { rulePagesOf } from './why-pages';

export interface AnswerWhyOptions {
  readonly lists: Pick<AlertLists, 'timeline' | 'notifications'>;
  readonly records: GroupRecords;
  /** Left out: as is on record. */
  readonly routing?: RecordedRouting;
  readonly now: Date;
}

export async function answerWhy(alert: AlertRow, options: AnswerWhyOptions): Promise<WhyAnswer> {
  const { lists, records, now } = options;
  const routing = options.routing ?? (await records.routing());
  const { fingerprint, episode } = alert;
  const [recorded, timeline, notifications] = await Promise.all([
    records.of(fingerprint, placesFor(alert, routing), episodeStart(alert)),
    lists.timeline(fingerprint, episode),
    lists.notifications(fingerprint, episode),
  ]);
  return {
    alert,
    // Alerts of rules go to receivers of tocsin.yaml alone, unless it names an alertmanager.yml.
    routes:
      alert.rule === null || routing?.ofRules === true || recorded.groups.length > 0
        ? whyOf({ alert, routing, records: recorded, now })
        : [],
    pages: rulePagesOf(timeline, notifications),
  };
}
