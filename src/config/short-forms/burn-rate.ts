/**
 * How fast a service uses up the errors that its objective allows: at a burn rate of 1 the budget lasts exactly as long as
 * the objective's period. A condition holds when the ratio of errors exceeds the rate's share of the budget over a long
 * window, so that it matters, and over a short one, so that it is still going on and the alert ends soon after the errors do.
 * Source and default windows: Google, "The Site Reliability Workbook", chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
 *
 * Windows of the same severity make one rule; while the most severe of them fires, the others do not begin to.
 */
import { formatDuration } from '../../domain/duration';
import { SEVERITIES, type Severity } from '../../domain/rule';
import { unwrapped } from '../../promql/ast';
import { formatExpr } from '../../promql/format';
import { parseExpr } from '../../promql/parse';
import { notParsed } from '../expr-checks';
import type { Finding } from '../problems';
import type { Condition, ShortForm } from './form';
import { numberText } from './promql-text';
import type { RawRule } from './schema';

type RawBurnRate = NonNullable<RawRule['burn_rate']>;
type Window = RawBurnRate['windows'][number];

export const burnRate: ShortForm = {
  name: 'burn rate',
  chosenBy: ['burn_rate'],
  takes: [],
  noData: 'keep',
  read(raw) {
    const asked = raw.burn_rate!;
    const findings = [
      ...checkSelector(asked.errors, 'errors'),
      ...checkSelector(asked.total, 'total'),
      ...checkObjective(asked),
      ...asked.windows.flatMap(checkWindow),
    ];
    return { conditions: findings.length > 0 ? [] : conditionsOf(asked), findings };
  },
};

function conditionsOf(asked: RawBurnRate): Condition[] {
  const severities = SEVERITIES.filter((each) => asked.windows.some(({ severity }) => severity === each));
  return severities.map((severity, i) => ({
    ...{ severity, recovery: null, inhibitedBy: i === 0 ? null : (severities[0] as Severity) },
    expr: anyBurns(
      asked,
      asked.windows.filter((window) => window.severity === severity),
    ),
  }));
}

function anyBurns(asked: RawBurnRate, windows: readonly Window[]): string {
  const texts = windows.map(({ long, short, factor }) => {
    const limit = `${numberText(factor)} * ${numberText(budgetOf(asked))}`;
    return `${errorRatio(asked, long)} > ${limit} and ${errorRatio(asked, short)} > ${limit}`;
  });
  return texts.length === 1 ? texts[0]! : texts.map((text) => `(${text})`).join(' or ');
}

function errorRatio({ errors, total, by }: RawBurnRate, windowMs: number): string {
  const sum = (selector: string): string =>
    `sum by (${by.join(', ')}) (rate(${formatExpr(parseExpr(selector))}[${formatDuration(windowMs)}]))`;
  return `${sum(errors)} / ${sum(total)}`;
}

/** Rounded: 1 - 0.999 is 0.0010000000000000009. */
function budgetOf({ objective: { number, unit } }: RawBurnRate): number {
  return Number((1 - (unit === '%' ? number / 100 : number)).toPrecision(12));
}

function checkObjective(asked: RawBurnRate): Finding[] {
  const { number, unit } = asked.objective;
  const budget = budgetOf(asked);
  if ((unit === '%' || unit === null) && budget > 0 && budget < 1) return [];
  return [
    {
      path: ['burn_rate', 'objective'],
      value: JSON.stringify(`${number}${unit ?? ''}`),
      message: 'is no objective that leaves errors and successes',
      accepted: 'between 0% and 100%, such as 99.9%, or the ratio 0.999',
    },
  ];
}

function checkWindow({ long, short }: Window, index: number): Finding[] {
  if (short > 0 && short < long) return [];
  const path = ['burn_rate', 'windows', index, 'short'];
  const accepted = `more than 0s and less than ${formatDuration(long)}`;
  return [{ path, value: formatDuration(short), message: 'is not shorter than long', accepted }];
}

function checkSelector(text: string, key: 'errors' | 'total'): Finding[] {
  const path = ['burn_rate', key];
  const value = JSON.stringify(text);
  try {
    const expr = unwrapped(parseExpr(text));
    if (expr.kind === 'vector' && expr.offset === 0 && expr.at === null) return [];
    return [
      {
        ...{ path, value, message: 'selects no series of a counter' },
        accepted: 'its name, or with matchers: requests_total{code=~"5.."}',
      },
    ];
  } catch (error) {
    return [{ path, value, message: notParsed(error) }];
  }
}
