/**
 * Looks the text of a JSON metric over without making anything of it, for what no rule wants. Where it says something,
 * parsing and checking the text would find the same; where anything is not as it nearly always is (an escape, a field that
 * comes twice, a nested value) it says nothing, and the text has to be parsed: what is no metric is never taken for one.
 *
 * One expression for a whole metric is several times faster than JSON.parse, but has to know in which order its fields
 * come, and what stands between them. Each sender keeps to its own way: that is learned from metrics that were parsed.
 */
import type { Metric } from '../domain/metric';
import { eventTimeMs, NO_NAME } from './metric-message';

export interface MetricSkimmer {
  /**
   * The event time, in milliseconds since 1970, of a metric whose name is not wanted. Null for one that is wanted, and for what
   * has to be parsed before anything can be said.
   */
  unwantedAt(text: string): number | null;
  /** Of a metric that was parsed from the text: in which order its fields come. */
  learn(metric: Metric, text: string): void;
}

/** An order of fields, in two parts: most is known when the name is. */
interface Order {
  /** Up to the name, which it captures last; before it the time, where that comes before it. */
  readonly head: RegExp;
  /** The rest; captures the time where that comes after the name. */
  readonly tail: RegExp;
  readonly timeFirst: boolean;
}

/** Each is tried in vain before the next: more senders than this are parsed. */
const MAX_ORDERS = 4;
const MAX_FIELDS = 32;

const PLAIN = '[^"\\\\\\x00-\\x1f]';
const TEXT = `"${PLAIN}*"`;
const FULL_TEXT = `"${PLAIN}+"`;
/** Not as large as the largest that there is. */
const NUMBER = '-?(?:0|[1-9]\\d{0,30})(?:\\.\\d{1,30})?(?:[eE][+-]?\\d{1,2})?';
const SCALAR = `(?:${TEXT}|${NUMBER}|null|true|false)`;

/** What stands between a text's tokens, as its writer puts it. */
interface Separators {
  readonly colon: string;
  readonly comma: string;
}

const CLOSE: Separators = { colon: ':', comma: ',' };
/** As Python writes JSON. */
const SPACED: Separators = { colon: ': ', comma: ', ' };

const TIMESTAMP = 'timestamp';
const NAME = 'metric_name';
const FORMS: Readonly<Record<string, (separators: Separators) => string>> = {
  [TIMESTAMP]: () => `"(${PLAIN}+)"`,
  database_type: () => FULL_TEXT,
  instance_id: () => FULL_TEXT,
  [NAME]: () => `"(${PLAIN}+)"`,
  value: () => `(?:${NUMBER}|"(?:NaN|\\+Inf|-Inf|stale)")`,
  tags: (by) => objectOf(`(?!"${NO_NAME}")${TEXT}${by.colon}${TEXT}`, by),
  metadata: (by) => objectOf(entryOfMetadata(by), by),
  collection_method: () => `(?:${TEXT}|null)`,
  collector_version: () => `(?:${TEXT}|null)`,
};
/** A field that is not known is written into an expression as it is. */
const ADDED_FIELD = /^[a-z_]\w*$/i;

const objectOf = (entry: string, { comma }: Separators): string => `\\{(?:${entry}(?:${comma}${entry})*)?\\}`;

function entryOfMetadata({ colon }: Separators): string {
  const [number, texts] = ['collection_duration_ms', '(?:version|correlation_id)'];
  const other = `(?!${number}"|${texts}"|${NO_NAME}")${PLAIN}*"${colon}${SCALAR}`;
  return `"(?:${number}"${colon}${NUMBER}|${texts}"${colon}${TEXT}|${other})`;
}

export function createMetricSkimmer(wants: (name: string) => boolean): MetricSkimmer {
  const orders = new Map<string, Order>();

  function unwantedAt(text: string): number | null {
    for (const { head, tail, timeFirst } of orders.values()) {
      head.lastIndex = 0;
      const began = head.exec(text);
      if (began === null) continue;
      if (wants(began[timeFirst ? 2 : 1]!)) return null;
      tail.lastIndex = head.lastIndex;
      // A test makes no strings.
      const time = timeFirst ? tail.test(text) && began[1] : tail.exec(text)?.[1];
      const ms = time ? eventTimeMs(time) : NaN;
      if (!Number.isNaN(ms)) return ms;
    }
    return null;
  }

  function learn(metric: Metric, text: string): void {
    if (orders.size >= MAX_ORDERS || wants(metric.metric_name)) return;
    const names = Object.keys(metric);
    const by = text.includes('": ') ? SPACED : CLOSE;
    const key = names.join(by.comma);
    if (names.length > MAX_FIELDS || orders.has(key)) return;
    if (names.every((name) => Object.hasOwn(FORMS, name) || ADDED_FIELD.test(name)))
      orders.set(key, orderOf(names, by));
  }

  return { unwantedAt, learn };
}

/** Of a metric's fields: those that it needs are among them. */
function orderOf(names: readonly string[], by: Separators): Order {
  const field = (name: string): string =>
    `"${name}"${by.colon}${Object.hasOwn(FORMS, name) ? FORMS[name]!(by) : SCALAR}`;
  const split = names.indexOf(NAME) + 1;
  const [head, tail] = [names.slice(0, split), names.slice(split)].map((part) => part.map(field));
  return {
    head: new RegExp(`\\{${head!.join(by.comma)}`, 'y'),
    tail: new RegExp(`${tail!.map((each) => `${by.comma}${each}`).join('')}\\}[ \\t\\n\\r]*$`, 'y'),
    timeFirst: names.indexOf(TIMESTAMP) < split,
  };
}
