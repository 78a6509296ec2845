/**
 * Series that were there and are no more: `last_over_time(m[1h]) unless last_over_time(m[5m])` yields those with a sample in
 * the look-back and none in the newest part of it, each with its labels and last value. That a sample is stale ends a series
 * for selectors, not for windows: a series that has ended is absent from its last sample on.
 *
 * A series that never came is no absence that can be seen, and neither is an instance that never sent anything. After the
 * look-back the expression forgets a series; `no_data: alert`, the default here, keeps its alert until the series is back.
 */
import { formatDuration } from '../../domain/duration';
import { DEFAULTS } from '../defaults';
import { oneCondition, type ShortForm } from './form';
import { seriesText } from './promql-text';

export const absence: ShortForm = {
  name: 'absence',
  chosenBy: ['absent_for'],
  takes: ['metric', 'matchers', 'severity', 'look_back'],
  noData: 'alert',
  read(raw) {
    const absentMs = raw.absent_for!;
    const backMs = raw.look_back ?? Math.max(DEFAULTS.short_forms.absence.look_back, 2 * absentMs);
    const series = seriesText(raw.metric!, raw.matchers);
    const expr = `last_over_time(${series(backMs)}) unless last_over_time(${series(absentMs)})`;
    const severity = raw.severity ?? DEFAULTS.rule.severity;
    const tooShort = {
      ...{ path: ['look_back'], value: formatDuration(backMs) },
      message: 'is not longer than absent_for: nothing could be seen to have been there',
      accepted: `more than ${formatDuration(absentMs)}`,
    };
    return { conditions: oneCondition(severity, expr), findings: backMs > absentMs ? [] : [tooShort] };
  },
};
