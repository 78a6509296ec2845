/** From `incidents` to what the rooms take. Everything has been checked before. */
import type { IncidentPolicy } from '../../dispatch/port';
import type { RawIncident } from './schema';

export function toIncident({ window, resolve_after: resolveAfterMs, ...rest }: RawIncident): IncidentPolicy {
  return { ...rest, windowMs: window, resolveAfterMs };
}
