/** What a look holds back, for the record: by whom, in words that outlive the silence, the alert and the configuration. */
import { createHash } from 'node:crypto';
import type { Labels } from '../domain/labels';
import type { HeldAlert, HeldOfGroup, Holder } from '../history/port';
import type { GroupLook, HeldBack } from '../notify/port';
import type { KnownAlerts } from './known-alerts';

export type HoldersOf = (look: GroupLook, held: HeldBack) => readonly Holder[];

type InhibitionRuleBetween = (
  source: Labels,
  target: Labels,
) => { readonly index: number; readonly name: string } | null;

export function createHoldersOf(
  known: Pick<KnownAlerts, 'get'>,
  ruleBetween: InhibitionRuleBetween = () => null,
  maintenance: (name: string) => Holder = unknownMaintenance,
): HoldersOf {
  const inhibitor = (source: string, target: string): Holder => {
    const labels = known.get(source)?.labels ?? {};
    const rule = ruleBetween(labels, known.get(target)?.labels ?? {});
    return { kind: 'alert', fingerprint: source, labels, rule };
  };
  const taker = (name: string, target: string): Holder => {
    const taken = known.get(target)?.acknowledgement;
    const { at = '', until = null, comment = null } = taken ?? {};
    return { kind: 'person', name, at, until, comment };
  };
  return (look, { fingerprint, reason, by }) => {
    if (reason === 'silence') return by.map((id) => ({ kind: 'silence', id }));
    if (reason === 'maintenance') return by.map(maintenance);
    if (reason === 'inhibition') return by.map((source) => inhibitor(source, fingerprint));
    if (reason === 'acknowledged') return by.map((owner) => taker(owner, fingerprint));
    const mutes = by.every((name) => look.muteTimeIntervals.includes(name));
    const kind = mutes ? 'mute time interval' : 'active time interval';
    return by.map((name) => ({ kind, name }));
  };
}

const unknownMaintenance = (name: string): Holder => ({
  ...{ kind: 'maintenance', name, createdBy: '', comment: '', endsAt: null },
});

/** What is over is held back from nobody: whoever was not told of it has not to hear of its end. */
export function openOnes({ members }: GroupLook, held: readonly HeldBack[]): readonly HeldBack[] {
  if (held.length === 0) return held;
  const over = new Set(members.filter(({ isOver }) => isOver).map(({ alert }) => alert.fingerprint));
  return over.size === 0 ? held : held.filter(({ fingerprint }) => !over.has(fingerprint));
}

/** The same in every process: members that are alike stand in any order. */
export function digestOf(held: readonly HeldBack[]): string | null {
  if (held.length === 0) return null;
  const hash = createHash('sha1');
  const lines = held.map(({ fingerprint, reason, by }) => `${fingerprint} ${reason} ${by.join(' ')}\n`);
  for (const line of lines.sort()) hash.update(line);
  return hash.digest('base64');
}

export function heldOf(
  look: GroupLook,
  held: readonly HeldBack[],
  holdersOf: HoldersOf,
): Omit<HeldOfGroup, 'digest'> {
  const alerts = held.map((each): HeldAlert => ({
    ...{ fingerprint: each.fingerprint, reason: each.reason },
    by: holdersOf(look, each),
  }));
  return { groupKey: look.key, receiver: look.receiver, alerts };
}
