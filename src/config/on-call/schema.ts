/** The shape of `people`, `schedules` and `escalation`, and of what a route makes of severities. */
import { z } from 'zod';
import { URGENCIES } from '../../domain/severity';
import { DEFAULTS } from '../defaults';
import { ANY_RECEIVER, count, duration, labelName, matcher, name, slackUser, text, word } from '../fields';
import { contact, handoff, instant, timesInZone, timesOfSchedule, wallTime } from './fields';

const list = <T extends z.ZodType>(item: T) => z.array(item).default([]);
const receiverNames = () => z.array(text("a receiver's name"));

export const person = z.strictObject({
  name: name('a name'),
  slack: slackUser().nullable().default(null),
  notify: z.strictObject({
    high: z.array(contact()).min(1),
    low: z.array(contact()).min(1).optional(),
  }),
});

const layer = z.strictObject({
  name: name('a name'),
  people: z.array(text("a person's name")).min(1),
  start: wallTime(),
  end: wallTime().nullable().default(null),
  handoff: handoff().default(DEFAULTS.schedule.handoff),
  only: z.array(timesOfSchedule()).min(1).nullable().default(null),
});

export const schedule = z.strictObject({
  name: name('a name'),
  time_zone: text().default(DEFAULTS.schedule.time_zone),
  layers: z.array(layer).min(1),
  overrides: list(z.strictObject({ person: text("a person's name"), from: instant(), to: instant() })),
});

const condition = z.strictObject({
  hours: z.array(timesInZone()).min(1).optional(),
  not_hours: z.array(timesInZone()).min(1).optional(),
  severities: z.array(text('a severity')).min(1).optional(),
  alerts: count(1, 1_000).optional(),
});

export const escalation = z.strictObject({
  name: name('a name'),
  matchers: list(matcher()),
  delay: duration().default(DEFAULTS.escalation.delay),
  repeat: count(0, 100).default(DEFAULTS.escalation.repeat),
  group_by: z
    .array(labelName())
    .min(1)
    .default([...DEFAULTS.escalation.group_by]),
  levels: z
    .array(
      z.strictObject({
        name: text(),
        receivers: list(text(ANY_RECEIVER)),
        people: list(text("a person's name")),
        schedules: list(text("a schedule's name")),
        urgency: word(URGENCIES).optional(),
        when: condition.optional(),
        timeout: duration(),
      }),
    )
    .min(1),
});

/** Left out, a class goes to what its name in the requirements says: see `build.ts`. */
export const severityRouting = z.strictObject({
  high: receiverNames().optional(),
  medium: receiverNames().optional(),
  low: receiverNames().optional(),
});

export type RawPerson = z.output<typeof person>;
export type RawSchedule = z.output<typeof schedule>;
export type RawEscalation = z.output<typeof escalation>;
export type RawLevel = RawEscalation['levels'][number];
export type RawSeverityRouting = z.output<typeof severityRouting>;
