/**
 * Alerts over alerts: all of some fire, or any of them does, for the same instance. Firing alerts are series,
 * `ALERTS{alertname="A", alertstate="firing"}`, joined by the labels of `on`. All but these labels and the instance's own are
 * dropped: the alerts that are joined have severities and metrics of their own, and may be several of a name.
 *
 * An alert is a series once its group has been evaluated, so this one follows by one evaluation.
 */
import { DEFAULTS } from '../defaults';
import { oneCondition, type ShortForm } from './form';
import type { RawRule } from './schema';

export const composite: ShortForm = {
  name: 'composite',
  chosenBy: ['all_of', 'any_of'],
  takes: ['severity', 'on'],
  // An alert that is over is a series no more: that is the end of this one, not a lack of data.
  noData: 'ok',
  read(raw) {
    const on = raw.on ?? DEFAULTS.short_forms.composite.on;
    const expr = raw.all_of === undefined ? anyOf(raw.any_of!, on) : allOf(raw.all_of, on);
    return { conditions: oneCondition(raw.severity ?? DEFAULTS.rule.severity, expr), findings: [] };
  },
};

/** The alerts that a rule in short form asks for, and the key that does. */
export function askedAlerts(raw: RawRule): { key: 'all_of' | 'any_of'; names: readonly string[] } | null {
  if (raw.all_of !== undefined) return { key: 'all_of', names: raw.all_of };
  return raw.any_of === undefined ? null : { key: 'any_of', names: raw.any_of };
}

function allOf([first, ...others]: readonly string[], on: readonly string[]): string {
  const joined = others.map((name) => ` and on (${on.join(', ')}) ${firing(name)}`);
  return `max by (${kept(on)}) (${firing(first!)})${joined.join('')}`;
}

function anyOf(names: readonly string[], on: readonly string[]): string {
  return `count by (${kept(on)}) (${names.map(firing).join(' or ')})`;
}

const firing = (name: string): string => `ALERTS{alertname=${JSON.stringify(name)},alertstate="firing"}`;

/** What belongs to an instance says nothing new beside it, and routes and guards ask for it. */
function kept(on: readonly string[]): string {
  const ofInstance = on.includes('instance_id') ? DEFAULTS.short_forms.instance_labels : [];
  return [...new Set([...on, ...ofInstance])].join(', ');
}
