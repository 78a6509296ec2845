/** The shape of `drills`: who is told that it is only a drill, and when. */
import { z } from 'zod';
import { cronFault } from '../../domain/cron';
import { DEFAULTS } from '../defaults';
import { ANY_RECEIVER, field, name, REFUSED, text } from '../fields';

const cron = () =>
  field(
    "a cron expression of five parts, such as '0 10 1 * *': minute, hour, day of the month, month, weekday",
    (value) => (typeof value === 'string' && cronFault(value) === null ? value.trim() : REFUSED),
  );

export const drill = z.strictObject({
  name: name('a name'),
  receivers: z.array(text(ANY_RECEIVER)).min(1),
  cron: cron(),
  time_zone: text().default(DEFAULTS.drill.time_zone),
});

export type RawDrill = z.output<typeof drill>;
