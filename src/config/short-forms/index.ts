/**
 * Rules in short form, as people write them, into alerting rules over PromQL: a form is chosen by the key that stands, has
 * its own keys beside those of every rule, and gives one or two conditions, each an alert of the rule's name.
 */
import { ALERT_NAME } from '../../domain/labels';
import { messageOf } from '../../domain/errors';
import type { AlertRule } from '../../domain/rule-group';
import { checkExtensions, EXTENSION_KEYS, toExtensions } from '../alert-extensions';
import { checkTemplates } from '../expr-checks';
import type { Finding } from '../problems';
import { absence } from './absence';
import { anomaly } from './anomaly';
import { burnRate } from './burn-rate';
import { composite } from './composite';
import { forecast } from './forecast';
import type { Condition, FormContext, ShortForm } from './form';
import { canonicalText } from './promql-text';
import { rateOfChange } from './rate-of-change';
import type { RawRule, RuleKey } from './schema';
import { threshold } from './threshold';

/** All but the first have a key that no other form has. */
const FORMS: readonly ShortForm[] = [
  threshold,
  forecast,
  rateOfChange,
  anomaly,
  absence,
  composite,
  burnRate,
];
const OF_ALL: readonly RuleKey[] = ['name', 'for', 'labels', 'annotations', ...EXTENSION_KEYS];

export interface Translated {
  /** Null where it cannot be told. */
  readonly form: string | null;
  /** The most severe first; none where there is an error. */
  readonly rules: readonly AlertRule[];
  /** Paths are relative to the rule. */
  readonly findings: readonly Finding[];
}

export function translate(raw: RawRule, context: FormContext): Translated {
  const { form, findings: ofForm } = formOf(raw);
  const findings = [...ofForm, ...ofEveryRule(raw)];
  if (form === null) return { form: null, rules: [], findings };
  findings.push(...foreignKeys(raw, form), ...missingMetric(raw, form));
  if (takesMetric(form) && raw.metric === undefined) return { form: form.name, rules: [], findings };
  const read = form.read(raw, context);
  findings.push(...read.findings);
  if (findings.some(({ level }) => level !== 'warning')) return { form: form.name, rules: [], findings };
  return { form: form.name, rules: read.conditions.map((each) => toAlert(raw, form, each)), findings };
}

/** The form of the one key that stands, and of none other. */
function formOf(raw: RawRule): { form: ShortForm | null; findings: Finding[] } {
  const standing = FORMS.filter((form) => form !== threshold).flatMap((form) =>
    form.chosenBy.filter((key) => raw[key] !== undefined).map((key) => ({ form, key })),
  );
  const [first, ...others] = standing;
  if (first === undefined) return thresholdOrNone(raw);
  const findings = others.map(({ key }) => ({
    path: [key],
    message: `cannot stand beside ${first.key}: a rule has one condition`,
  }));
  return { form: others.length === 0 ? first.form : null, findings };
}

function thresholdOrNone(raw: RawRule): { form: ShortForm | null; findings: Finding[] } {
  if (threshold.chosenBy.some((key) => raw[key] !== undefined)) return { form: threshold, findings: [] };
  const accepted = FORMS.map(({ name, chosenBy }) => `${chosenBy.join(' or ')} (${name})`).join(', ');
  const none = { path: [], message: 'has no condition', accepted };
  // Most forms need one: it would be the next thing that is missing.
  return { form: null, findings: [none, ...missingMetric(raw, threshold)] };
}

function foreignKeys(raw: RawRule, form: ShortForm): Finding[] {
  const accepted = [...form.chosenBy, ...form.takes, ...OF_ALL];
  const chosen = form.chosenBy.find((key) => raw[key] !== undefined)!;
  return (Object.keys(raw) as RuleKey[])
    .filter((key) => raw[key] !== undefined && !accepted.includes(key))
    .map((key) => ({
      path: [key],
      message: `has no meaning beside ${chosen}`,
      accepted: [...new Set(accepted)].join(', '),
    }));
}

const takesMetric = ({ takes }: ShortForm): boolean => takes.includes('metric');

function missingMetric({ metric }: RawRule, form: ShortForm): Finding[] {
  if (!takesMetric(form) || metric !== undefined) return [];
  return [{ path: ['metric'], message: 'is missing', accepted: "a metric's name" }];
}

function ofEveryRule(raw: RawRule): Finding[] {
  return [
    ...reserved(raw),
    ...checkExtensions(raw, []),
    ...checkTemplates(raw.labels, raw.name, ['labels']),
    ...checkTemplates(raw.annotations, raw.name, ['annotations']),
  ];
}

/** Labels that the rule has keys of its own for. */
function reserved(raw: RawRule): Finding[] {
  const keys: Readonly<Record<string, string>> = {
    [ALERT_NAME]: 'name',
    severity: 'severity',
    ...(raw.metric !== undefined && { metric: 'metric' }),
  };
  return Object.keys(raw.labels)
    .filter((label) => Object.hasOwn(keys, label))
    .map((label) => ({
      path: ['labels', label],
      message: `is made from the rule's ${keys[label]}; leave it out`,
    }));
}

function toAlert(raw: RawRule, { noData, name }: ShortForm, condition: Condition): AlertRule {
  const { severity, recovery, inhibitedBy } = condition;
  const extensions = toExtensions(raw, { noData, exportsHidden: true });
  return {
    ...{ kind: 'alert', name: raw.name, forMs: raw.for, keepFiringForMs: 0 },
    expr: written(condition.expr, name),
    labels: { ...raw.labels, severity, ...(raw.metric !== undefined && { metric: raw.metric }) },
    annotations: raw.annotations,
    ...extensions,
    recovery: recovery === null ? extensions.recovery : written(recovery, name),
    inhibitedBy,
  };
}

/** What a form makes is PromQL, whatever it is given; that it is not is a mistake of the form. */
function written(expr: string, form: string): string {
  try {
    return canonicalText(expr);
  } catch (error) {
    throw new Error(`the ${form} form made an expression that is none: ${expr}: ${messageOf(error)}`);
  }
}
