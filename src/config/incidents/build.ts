/** From `incidents` to what the rooms take. Everything has been checked before. */
import type { IncidentPolicy } from '../../dispatch/port';
import type { RawIncident } from './schema';

export function toIncident(raw: RawIncident): IncidentPolicy {
  const {
    group_by: groupBy,
    window: windowMs,
    min_alerts: minAlerts,
    resolve_after: resolveAfterMs,
    ...rest
  } = raw;
  return { ...rest, groupBy, windowMs, minAlerts, resolveAfterMs };
}
