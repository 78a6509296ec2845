/**
 * What a person did elsewhere to an incident is done here to each of its alerts that asks for it: those that somebody has taken stay
 * his. Each alert answers by itself, so one that cannot be told keeps the others from nothing.
 */
import { incidentRef } from '../../domain/incident';
import type { IncidentAlert, IncidentRow, IncidentStore } from '../../history/port';
import type { Acted, Action, Acts } from './acts';

export interface IncidentEpisode {
  readonly id: number;
  readonly episode: number;
}

export interface IncidentActsDeps {
  readonly incidents: Pick<IncidentStore, 'find' | 'alerts'>;
  readonly acts: Acts;
}

export type IncidentActs = (
  action: Exclude<Action, 'resolve'>,
  of: IncidentEpisode,
  owner: string,
  comment: string,
) => Promise<Acted>;

const MOST_ALERTS = 10_000;
const AT_ONCE = 20;
const MOST_SAID = 5;
const DONE = { acknowledge: 'taken', silence: 'silenced' } as const;

/** Throws where none of its alerts could be told now. */
export function createIncidentActs({ incidents, acts }: IncidentActsDeps): IncidentActs {
  return async (action, { id, episode }, owner, comment) => {
    const row = await incidents.find(id);
    if (row === null || Date.parse(row.openedAt) !== episode)
      return { outcome: 'ignored', text: `there is no incident ${incidentRef(id)} of that time` };
    const name = nameOf(row);
    if (row.state === 'resolved') return { outcome: 'ignored', text: `${name} is over already` };
    const wanted = (await incidents.alerts(id, MOST_ALERTS)).filter(asksFor(action));
    if (wanted.length === 0) return { outcome: 'ignored', text: nothingLeft(name, action) };
    const said = await eachOf(wanted, (one) => acts(action, one, owner, comment));
    return together(`${name} by ${owner}`, action, said);
  };
}

const nameOf = ({ id, policy }: IncidentRow): string => `${incidentRef(id)} ${policy}`;

const asksFor =
  (action: keyof typeof DONE) =>
  ({ state }: IncidentAlert): boolean =>
    action === 'acknowledge' ? state === 'FIRING' : state !== 'RESOLVED';

const nothingLeft = (name: string, action: keyof typeof DONE): string =>
  action === 'acknowledge' ? `all open alerts of ${name} are taken already` : `no alert of ${name} is open`;

async function eachOf(
  alerts: readonly IncidentAlert[],
  act: (alert: IncidentAlert) => Promise<Acted>,
): Promise<PromiseSettledResult<Acted>[]> {
  const said: PromiseSettledResult<Acted>[] = [];
  for (let from = 0; from < alerts.length; from += AT_ONCE)
    said.push(...(await Promise.allSettled(alerts.slice(from, from + AT_ONCE).map(act))));
  return said;
}

function together(
  name: string,
  action: keyof typeof DONE,
  all: readonly PromiseSettledResult<Acted>[],
): Acted {
  const failed = all.filter((each) => each.status === 'rejected');
  if (failed.length === all.length) throw failed[0]!.reason;
  const answered = all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const done = answered.filter(({ outcome }) => outcome === 'done');
  const others = answered.filter(({ outcome }) => outcome !== 'done').map(({ text }) => text);
  const left = others.length - MOST_SAID;
  const text = [
    `${name}: ${done.length} of ${all.length} alerts ${DONE[action]}`,
    ...others.slice(0, MOST_SAID),
    ...(left > 0 ? [`and ${left} more that were not`] : []),
    ...(failed.length > 0 ? [`${failed.length} could not be told now: try again in a moment`] : []),
  ].join('; ');
  return { outcome: done.length > 0 ? 'done' : 'refused', text };
}
