/** In which order a group's message shows its alerts: Alertmanager's. */
import { compareLabels, type Labels } from '../domain/labels';

const FIRST = ['job', 'instance'];

/** By job, then by instance, where there is one; then by all labels. */
export function byJobAndInstance(some: Labels, others: Labels): number {
  for (const name of FIRST) {
    const [has, have] = [Object.hasOwn(some, name), Object.hasOwn(others, name)];
    if (!has && !have) continue;
    if (!has) return 1;
    if (!have) return -1;
    if (some[name] !== others[name]) return some[name]! < others[name]! ? -1 : 1;
  }
  return compareLabels(some, others);
}
