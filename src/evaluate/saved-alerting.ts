/** What an alerting rule remembers as something that can be written down, and as it was before. */
import type { Labels } from '../domain/labels';
import { LabelSet } from '../promql/label-set';
import { momentAt } from '../promql/moment';
import type { Alert, Yielded } from './alert-state';
import type { SavedFlaps } from './flapping';

/** What an alerting rule remembers, without what follows from the rule itself. By the keys of alerts' labels. */
export interface SavedAlerting {
  readonly alerts: readonly SavedAlert[];
  readonly flaps: readonly (readonly [string, SavedFlaps])[];
  readonly quietUntil: readonly (readonly [string, number])[];
  readonly decidedUntil: readonly (readonly [string, number])[];
  readonly seen: readonly SavedElement[];
}

interface SavedElement {
  readonly series: Labels;
  readonly labels: Labels;
  readonly value: number;
  readonly at: number;
}

type SavedAlert = SavedElement &
  Omit<Alert, 'series' | 'labels' | 'value' | 'moment' | 'stateSeries' | 'forState'>;

/** Of an alert, without what it is about and what follows from the rule. */
type AlertState = Omit<SavedAlert, keyof SavedElement>;

export function savedAlert(alert: Alert): SavedAlert {
  const { moment: _, stateSeries: _state, forState: _for, found, ...rest } = alert;
  return { ...rest, ...savedElement(alert), found: [...found] };
}

export function stateIn(saved: SavedAlert): AlertState {
  const { at: _, series: _series, labels: _labels, value: _value, found, ...state } = saved;
  return { ...state, found: [...found] };
}

export const savedElement = ({ series, labels, value, moment }: Yielded): SavedElement => ({
  ...{ series: series.toLabels(), labels: labels.toLabels(), value, at: moment.time },
});

export const elementIn = ({ series, labels, value, at }: SavedElement): Yielded => ({
  ...{ series: LabelSet.of(series), labels: LabelSet.of(labels), value, moment: momentAt(at) },
});
