/**
 * The templates of Prometheus' rules: labels and annotations of alerts. Which functions there are, and what they answer,
 * is Prometheus 3's; `$labels`, `$externalLabels`, `$externalURL` and `$value` are there before the text.
 */
import { escapeQuery } from './functions/escaping';
import { HOSTS } from './functions/hosts';
import { HUMANIZE, toFloat } from './functions/humanize';
import { parsePrometheusDuration } from './functions/prometheus-duration';
import { TEXTS } from './functions/texts';
import { compileTemplate, type Reference } from './template';
import { duration, nanosecondsOf } from './time/duration';
import { nanosecondsAt, time } from './time/time';
import { CallError, define, defineVariadic, type FunctionTable } from './value/functions';
import { compareText, GoList, GoMap, GoObject, INTERFACE, stringMap, type Value } from './value/values';

export interface QueriedSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PrometheusOptions {
  /**
   * Answers `query "…"`. A template may ask as often as it has steps: who pays for queries counts them here, and
   * throws.
   */
  readonly query?: (expression: string) => readonly QueriedSample[];
  /** Milliseconds since 1970: the time that the rule is evaluated for. */
  readonly now: number;
  readonly externalUrl: string;
  /** The path of the external address, where that is not what comes after its host. */
  readonly pathPrefix?: string;
}

const QUERY_RESULT = 'template.queryResult';

/** Functions that answer the same always. */
const CONSTANT: FunctionTable = {
  ...TEXTS,
  ...HOSTS,
  ...HUMANIZE,
  first: define([QUERY_RESULT], first),
  label: define(['string', '*template.sample'], (name, sample) => labelOf(sample, name)),
  value: define(['*template.sample'], (sample) => sample.field('Value')!.value),
  strvalue: define(['*template.sample'], (sample) => labelOf(sample, '__value__')),
  sortByLabel: define(['string', QUERY_RESULT], sortByLabel),
  args: defineVariadic([], 'any', (...values) => new GoMap(numbered(values))),
  safeHtml: define(['string'], (text) => text),
  graphLink: define(['string'], (expression) => `/graph?g0.expr=${escapeQuery(expression)}&g0.tab=0`),
  tableLink: define(['string'], (expression) => `/graph?g0.expr=${escapeQuery(expression)}&g0.tab=1`),
  toTime: define(['any'], (value) => time(nanosecondsAt(toFloat(value)), true)),
  toDuration: define(['any'], (value) => duration(nanosecondsOf(toFloat(value)), true)),
  parseDuration: define(['string'], parsePrometheusDuration),
  urlQueryEscape: define(['string'], escapeQuery),
};

/** The functions of Prometheus' templates, beside Go's own. */
export function prometheusFunctions(options: PrometheusOptions): FunctionTable {
  const { now, externalUrl, pathPrefix = pathOf(externalUrl) } = options;
  return {
    ...CONSTANT,
    query: define(['string'], (expression) => queried(options.query, expression)),
    now: define([], () => now / 1000),
    externalURL: define([], () => externalUrl),
    pathPrefix: define([], () => pathPrefix),
  };
}

function queried(query: PrometheusOptions['query'], expression: string): GoList {
  if (!query) throw new CallError('there is nothing to ask queries of: do without query here');
  return new GoList(query(expression).map(sampleObject), { type: QUERY_RESULT });
}

function sampleObject({ labels, value }: QueriedSample): GoObject {
  return new GoObject({
    type: '*template.sample',
    fields: [
      { name: 'Labels', value: stringMap(labels) },
      { name: 'Value', type: INTERFACE, value },
    ],
  });
}

function first(result: GoList): Value {
  if (result.length === 0) throw new CallError('first() called on vector with no elements');
  return result.at(0);
}

function labelOf(sample: GoObject, name: string): string {
  const labels = sample.field('Labels')!.value as GoMap;
  return (labels.get(name) as string | undefined) ?? '';
}

/** Sorts the result itself, as Prometheus does: a variable that holds it is sorted from then on. */
function sortByLabel(name: string, result: GoList): GoList {
  const samples = result.items as GoObject[];
  samples.sort((a, b) => compareText(labelOf(a, name), labelOf(b, name)));
  return result;
}

function numbered(values: readonly Value[]): Map<string, Value> {
  return new Map(values.map((value, index) => [`arg${index}`, value]));
}

function pathOf(url: string): string {
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? '';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

export interface RuleData extends PrometheusOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface RuleTemplate {
  /** What the text refers to, for a linter. */
  readonly references: readonly Reference[];
  /** The expressions that the text asks for word for word. */
  readonly queries: readonly string[];
  /** Throws TemplateError. */
  execute(data: RuleData): string;
}

/** What the data of a rule's template has: `.Labels` is `$labels`. */
export const RULE_FIELDS = ['Labels', 'ExternalLabels', 'ExternalURL', 'Value'] as const;

/** What there is before the text of each rule's template, word for word. */
const PRELUDE =
  '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';

const DATA_TYPE =
  'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }';

/** For names alone: each execution brings its own. */
const FUNCTIONS = prometheusFunctions({ now: 0, externalUrl: '' });

/** Throws TemplateError. `name` stands in errors; Prometheus' own is `__alert_` and the rule's name. */
export function compileRuleTemplate(text: string, name: string): RuleTemplate {
  const template = compileTemplate(text, {
    name,
    functions: FUNCTIONS,
    missingKey: 'zero',
    prelude: PRELUDE,
  });
  return {
    references: template.references,
    queries: template.references.flatMap(({ kind, path, literal }) =>
      kind === 'function' && path[0] === 'query' && literal !== undefined ? [literal] : [],
    ),
    execute: (data) => template.execute(ruleObject(data), prometheusFunctions(data)),
  };
}

function ruleObject({ labels, externalLabels, externalUrl, value }: RuleData): GoObject {
  return new GoObject({
    type: DATA_TYPE,
    fields: [
      { name: 'Labels', value: stringMap(labels) },
      { name: 'ExternalLabels', value: stringMap(externalLabels) },
      { name: 'ExternalURL', value: externalUrl },
      { name: 'Value', type: INTERFACE, value },
    ],
  });
}
