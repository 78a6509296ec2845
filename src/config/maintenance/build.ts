/** From `maintenance` to what the rooms take. Everything has been checked before. */
import type { Maintenance } from '../../domain/maintenance';
import { toInterval } from '../on-call/build';
import type { RawMaintenance } from './schema';

export function toMaintenance({ name, intervals, ...rest }: RawMaintenance): Maintenance {
  return {
    ...rest,
    ...{ id: `configuration/${name}`, name, createdBy: 'the configuration', startsAt: null, endsAt: null },
    intervals: intervals.map((times) => toInterval(times, times.time_zone)),
  };
}
