/** The shape of `maintenance`: what is worked on, and in which recurring times. */
import { z } from 'zod';
import { matcher, name, text } from '../fields';
import { timesInZone } from '../on-call/fields';

const list = <T extends z.ZodType>(item: T) => z.array(item).default([]);

export const maintenance = z.strictObject({
  name: name('a name'),
  targets: list(text("a target's name")),
  environments: list(text("an environment's name")),
  matchers: list(matcher()),
  intervals: z.array(timesInZone()).min(1),
  comment: z.string().default(''),
});

export type RawMaintenance = z.output<typeof maintenance>;
