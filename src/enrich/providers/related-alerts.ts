/** The alerts that fire on the same instance. */
import type { AlertLists } from '../../history/port';
import type { EnrichmentProvider } from '../port';

const LIMIT = 20;

export function relatedAlerts(lists: Pick<AlertLists, 'related'>): EnrichmentProvider {
  return {
    name: 'related_alerts',
    type: 'alerts',
    quick: true,
    applies: () => true,
    async collect({ fingerprint, labels }) {
      const alerts = await lists.related({ fingerprint, labels }, LIMIT);
      const count = alerts.length === LIMIT ? `${LIMIT} or more` : String(alerts.length);
      return {
        title: `${count === '1' ? '1 other alert fires' : `${count} other alerts fire`} on this instance`,
        data: { alerts },
      };
    },
  };
}
