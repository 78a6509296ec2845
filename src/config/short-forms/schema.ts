/**
 * A rule in short form. All keys stand in one shape, so that a typo is compared with every key there is; which of them go
 * together is each form's own (`takes`).
 */
import { z } from 'zod';
import { OPERATORS, SEVERITIES } from '../../domain/rule';
import { extensionShape } from '../alert-extensions';
import { DEFAULTS } from '../defaults';
import {
  amount,
  count,
  duration,
  flag,
  labelName,
  labels,
  matcher,
  oneOf,
  positive,
  span,
  text,
  textLike,
  word,
} from '../fields';

export const METHODS = ['zscore', 'mad', 'seasonal'] as const;
export const DIRECTIONS = ['both', 'above', 'below'] as const;

const { rate_of_change, anomaly, burn_rate } = DEFAULTS.short_forms;

const rateOfChange = z.strictObject({
  window: duration(1).default(rate_of_change.window),
  per: duration(1).optional(),
  counter: flag().default(rate_of_change.counter),
  percent: flag().default(rate_of_change.percent),
});

const anomalySchema = z.strictObject({
  method: word(METHODS).default(anomaly.method),
  window: duration(1).optional(),
  deviations: positive().optional(),
  direction: word(DIRECTIONS).default(anomaly.direction),
  season: span().optional(),
  seasons: count(1, 8).optional(),
});

const burnRate = z.strictObject({
  errors: text("a counter's name, or a selector of its series"),
  total: text("a counter's name, or a selector of its series"),
  objective: amount(),
  by: z
    .array(labelName())
    .min(1)
    .default([...burn_rate.by]),
  windows: z
    .array(
      z.strictObject({
        long: span(),
        short: span(),
        factor: positive(),
        severity: word(SEVERITIES),
      }),
    )
    .min(1)
    .default(burn_rate.windows.map((each) => ({ ...each }))),
});

export const ruleSchema = z.strictObject({
  name: text(),
  metric: textLike(/^[A-Za-z_:][\w:.]*$/, "a metric's name").optional(),
  matchers: z.array(matcher()).optional(),
  operator: oneOf(OPERATORS).optional(),
  threshold: amount().optional(),
  threshold_warning: amount().optional(),
  threshold_critical: amount().optional(),
  recovery_threshold: amount().optional(),
  recovery_threshold_warning: amount().optional(),
  recovery_threshold_critical: amount().optional(),
  window: duration().optional(),
  prediction_window: span().optional(),
  rate_of_change: rateOfChange.optional(),
  anomaly: anomalySchema.optional(),
  absent_for: duration(1).optional(),
  look_back: duration(1).optional(),
  all_of: z.array(text("an alert's name")).min(2).optional(),
  any_of: z.array(text("an alert's name")).min(2).optional(),
  on: z.array(labelName()).min(1).optional(),
  burn_rate: burnRate.optional(),
  severity: word(SEVERITIES).optional(),
  for: duration().default(DEFAULTS.rule.for),
  labels: labels().default({}),
  annotations: labels().default({}),
  ...extensionShape,
});

export type RawRule = z.output<typeof ruleSchema>;
export type RuleKey = keyof RawRule;
