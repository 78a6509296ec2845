/** What `tocsin backtest` has found, for people and for programs. */
import { labelsText } from '../../domain/labels';
import { difference, type BacktestResult, type WouldBeAlert } from '../../evaluate/backtest';
import type { Context } from '../context';
import { paint, tableOf } from '../show';
import { lengthOf, othersOf, timeText, WOULD_BE_COLUMNS } from './would-be-alerts';

export function tell(context: Context, { alerts, metrics, series }: BacktestResult): void {
  if (alerts.length > 0) context.print(tableOf(context, WOULD_BE_COLUMNS, alerts));
  context.print(
    `${alerts.length} ${alerts.length === 1 ? 'alert' : 'alerts'} from ${metrics.toLocaleString('en')} metrics (${series} series that the rules ask for)`,
  );
}

export function tellDifference(context: Context, before: BacktestResult, after: BacktestResult): void {
  const { added, removed, moved, same } = difference(before, after);
  const section = (title: string, alerts: readonly WouldBeAlert[]): void => {
    if (alerts.length === 0) return;
    context.print(paint(context, 'bold', title));
    context.print(tableOf(context, WOULD_BE_COLUMNS, alerts, 2));
  };
  section('Only with --rules:', added);
  section('Only with --against:', removed);
  if (moved.length > 0) context.print(paint(context, 'bold', 'At another time:'));
  for (const { before: old, after: now } of moved)
    context.print(
      `  ${now.group}/${now.rule} ${labelsText(othersOf(now.labels))}: ${timeText(old.startsAt)} (${lengthOf(old)}) with --against, ${timeText(now.startsAt)} (${lengthOf(now)}) with --rules`,
    );
  context.print(
    `${added.length} more, ${removed.length} fewer, ${moved.length} at another time, ${same} the same`,
  );
}

export function asJson(after: BacktestResult, before: BacktestResult | undefined) {
  const { rules: _rules, ...result } = after;
  if (before === undefined) return { ...result, alerts: after.alerts.map(dated) };
  const { added, removed, moved, same } = difference(before, after);
  return {
    added: added.map(dated),
    removed: removed.map(dated),
    moved: moved.map(({ before: old, after: now }) => ({ before: dated(old), after: dated(now) })),
    same,
  };
}

function dated({ activeAt, startsAt, endsAt, which: _which, ...alert }: WouldBeAlert) {
  return {
    ...alert,
    active_at: timeText(activeAt),
    starts_at: timeText(startsAt),
    ends_at: endsAt === null ? null : timeText(endsAt),
  };
}
