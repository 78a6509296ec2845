/** The shape of `incidents`: which alerts make one, who commands it, and who is told. */
import { z } from 'zod';
import { DEFAULTS } from '../defaults';
import { ANY_RECEIVER, count, duration, labelName, matcher, name, text } from '../fields';

const list = <T extends z.ZodType>(item: T) => z.array(item).default([]);
const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const MOST_ALERTS = 1_000;

export const incident = z.strictObject({
  name: name('a name'),
  matchers: list(matcher()),
  group_by: z
    .array(labelName())
    .min(1)
    .default([...DEFAULTS.incident.group_by]),
  related: z.record(z.string(), z.array(z.array(text("a label's value")).min(2))).default({}),
  window: duration(SECOND_MS, DAY_MS).default(DEFAULTS.incident.window),
  min_alerts: count(2, MOST_ALERTS).default(DEFAULTS.incident.min_alerts),
  resolve_after: duration(0, DAY_MS).default(DEFAULTS.incident.resolve_after),
  commander: z
    .strictObject({
      schedules: list(text("a schedule's name")),
      people: list(text("a person's name")),
    })
    .prefault({}),
  receivers: z.array(text(ANY_RECEIVER)).min(1),
});

export type RawIncident = z.output<typeof incident>;
