/** The parts that the forms' expressions are put together from, as texts. */
import { formatDuration } from '../../domain/duration';
import type { Matcher } from '../../domain/matchers';
import type { VectorSelector } from '../../promql/ast';
import { floatText } from '../../promql/float-text';
import { formatExpr } from '../../promql/format';
import { METRIC_NAME } from '../../promql/label-set';
import { parseExpr } from '../../promql/parse';

/** A metric's series: the newest sample of each, or those of a window; both also as of some time ago. */
export interface SeriesText {
  (): string;
  (windowMs: number, agoMs?: number): string;
  readonly ago: (agoMs: number) => string;
}

/** Words that PromQL reads as something else in some places, `inf` and `offset` among them. */
const WORDS: ReadonlySet<string> = new Set(
  (
    'inf nan and or unless atan2 offset by without on ignoring group_left group_right bool start end step range fill ' +
    'anchored smoothed sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio'
  ).split(' '),
);

/** A name that cannot stand by itself is a matcher like any other. */
export function selectorText(metric: string, matchers: readonly Matcher[]): string {
  const isBare = /^[a-zA-Z_:][\w:]*$/.test(metric) && !WORDS.has(metric.toLowerCase());
  const selector: VectorSelector = {
    ...{ kind: 'vector', name: isBare ? metric : '', offset: 0, at: null, place: { from: 0, to: 0 } },
    matchers: [...matchers, { name: METRIC_NAME, op: '=', value: metric }],
  };
  return formatExpr(selector);
}

export function seriesText(metric: string, matchers: readonly Matcher[] = []): SeriesText {
  const selector = selectorText(metric, matchers);
  const at = (agoMs = 0): string => (agoMs === 0 ? '' : ` offset ${formatDuration(agoMs)}`);
  const text = (windowMs?: number, agoMs?: number): string =>
    windowMs === undefined ? selector : `${selector}[${formatDuration(windowMs)}]${at(agoMs)}`;
  return Object.assign(text, { ago: (agoMs: number) => selector + at(agoMs) });
}

/** Without a plus sign, which would be an operator. */
export const numberText = (value: number): string => floatText(value).replace('+', '');

/** As the evaluator's messages and `tocsin rules explain` show it. */
export const canonicalText = (expr: string): string => formatExpr(parseExpr(expr));
