/** A receiver: its name, and its integrations of each kind with what they take from `global`. */
import type { Finding, Path } from '../problems';
import { rest, text } from './kinds';
import { type Fields, parts, record } from './mappings';
import { type Kind, REFUSED, type Refused } from './reading';
import type { Receiver } from './config';
import type { GlobalOptions } from './global';
import { Inheritance } from './receivers/notifier';
import { templateFindings } from './template-checks';
import { notifierOf, RECEIVER_KINDS, type Integration, type ReceiverKind } from './receivers/kinds';

/** A receiver as it is written. What cannot be read is left out of it. */
export interface RawReceiver {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly written: readonly Written[];
}

interface Written {
  readonly kind: ReceiverKind;
  readonly path: Path;
  readonly options: unknown;
}

const keyOf = (kind: ReceiverKind): string => `${kind}_configs`;

const FIELDS: Fields = {
  name: text(),
  labels: record(text()),
  ...Object.fromEntries(RECEIVER_KINDS.map((kind) => [keyOf(kind), rest(notifierOf(kind).options)])),
};

const MENDS = Object.fromEntries(RECEIVER_KINDS.map((kind) => [`${kind}_config`, `${keyOf(kind)}: a list`]));

const NOTHING: RawReceiver = { name: '', labels: {}, written: [] };

export const rawReceiver: Kind<RawReceiver> = {
  zero: NOTHING,
  initial: NOTHING,
  read(node, path, reading) {
    const all = parts(FIELDS, node, path, reading, MENDS);
    if (all === REFUSED) return REFUSED;
    const name = all.name === REFUSED ? null : (all.name as string);
    const labels = all.labels === REFUSED ? {} : (all.labels as Record<string, string>);
    if (name === '') reading.refuse({ path, message: 'has no name', accepted: 'a name' });
    if (name !== null && Object.hasOwn(labels, 'name') && labels.name !== name) {
      const at = [...path, 'labels', 'name'];
      reading.refuse({
        path: at,
        value: JSON.stringify(labels.name),
        message: "is not the receiver's own name",
        accepted: name,
      });
    }
    const written = RECEIVER_KINDS.flatMap((kind) => writtenOf(kind, all[keyOf(kind)], path));
    for (const { path: at } of written.filter(({ options }) => options === null)) {
      reading.refuse({ path: at, message: 'is empty', accepted: 'a mapping of keys to values' });
    }
    return { name: name ?? '', labels: { ...labels, name: name ?? '' }, written: written.filter(isThere) };
  },
};

const isThere = ({ options }: Written): boolean => options !== null && options !== REFUSED;

function writtenOf(kind: ReceiverKind, all: unknown, path: Path): Written[] {
  if (!Array.isArray(all)) return [];
  return (all as readonly unknown[]).map((options, index) => ({
    kind,
    options,
    path: [...path, keyOf(kind), index],
  }));
}

/** What is wrong with the templates that the file itself holds. `names`: of those that they may call, null where not known. */
export function ownTemplates({ kind, path, options }: Written, names: readonly string[] | null): Finding[] {
  const defaults = notifierOf(kind).defaults as Readonly<Record<string, unknown>>;
  return Object.entries(options as object).flatMap(([key, value]) =>
    value === defaults[key] ? [] : templateFindings(value, [...path, key], names),
  );
}

export interface ReceiversInEffect {
  readonly receivers: readonly Receiver[];
  readonly findings: readonly Finding[];
}

export function receiversInEffect(
  raw: readonly (RawReceiver | Refused)[],
  global: GlobalOptions,
  sendable: ReadonlySet<ReceiverKind>,
): ReceiversInEffect {
  const findings: Finding[] = [];
  const receivers = raw
    .filter((each) => each !== REFUSED)
    .map(({ name, labels, written }) => {
      const integrations = written.map(({ kind, path, options }) => {
        const from = new Inheritance(global, path);
        const inEffect = notifierOf(kind).inherit(options, from);
        findings.push(...from.findings, ...(sendable.has(kind) ? [] : [notSent(kind, path, sendable)]));
        return { kind, options: inEffect } as Integration;
      });
      return { name, labels, integrations };
    });
  return { receivers, findings };
}

function notSent(kind: ReceiverKind, path: Path, sendable: ReadonlySet<ReceiverKind>): Finding {
  const accepted = [...sendable].map(keyOf).join(', ');
  return { path, message: `cannot be sent: Tocsin has no sender for ${kind}`, accepted };
}

export function repeatedReceivers(raw: readonly (RawReceiver | Refused)[]): Finding[] {
  const names = raw.map((each) => (each === REFUSED ? null : each.name));
  return names.flatMap((name, index): Finding[] => {
    const first = names.indexOf(name);
    if (name === null || first === index) return [];
    const path = ['receivers', index, 'name'];
    return [{ path, value: JSON.stringify(name), message: `is the name of receivers[${first}] already` }];
  });
}
