/**
 * People's requests as they arrive: from our own tools they are typed, from the Temporal Web UI they are whatever was
 * typed in. Each is checked here; the problem and the accepted form are words for people.
 */
import { tryParseDuration } from '../../src/domain/duration';
import type {
  Acknowledgement,
  AcknowledgeRequest,
  ResolveRequest,
  SilenceRequest,
} from '../../src/domain/life';

export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export const FORMS = {
  acknowledge: '{"owner": "name", "lease_seconds": 3600, "comment": "text"}, of which only owner is required',
  unacknowledge: '{"owner": "name", "comment": "text"}, of which only owner is required',
  resolve: '{"owner": "name", "comment": "text"}, of which only owner is required',
  silence:
    '{"owner": "name", "duration_seconds": 3600, "comment": "text"}, of which comment may be left out; "until_resolved": true instead of duration_seconds',
  unsilence: '{"owner": "name", "comment": "text"}, of which only owner is required',
  escalate: '{"owner": "name", "comment": "text"}, of which only owner is required',
} as const;

const MAX_NAME = 200;
const MAX_TEXT = 1_000;
const CONTROL = /\p{Cc}/u;
const CONTROL_BUT_SPACE = /[^\P{Cc}\t\n\r]/u;
/** Ten years: beyond it a timer's length would overflow somewhere on its way. */
const MAX_SECONDS = 315_360_000;

type Fields = Readonly<Record<string, unknown>>;
const no = (problem: string) => ({ ok: false as const, problem });

function fieldsOf(raw: unknown, known: readonly string[]): Checked<Fields> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return no(`${shortened(raw)} is not an object`);
  const unknown = Object.keys(raw).find((key) => !known.includes(key));
  if (unknown !== undefined) return no(`${shortened(unknown)} is not a known field`);
  const fields = raw as Fields;
  const { owner, comment } = fields;
  if (typeof owner !== 'string' || owner.trim() === '' || owner.length > MAX_NAME)
    return no(`owner is ${shortened(owner)}, not a name of at most ${MAX_NAME} characters`);
  if (comment !== undefined && (typeof comment !== 'string' || comment.length > MAX_TEXT))
    return no(`comment is not a text of at most ${MAX_TEXT} characters`);
  if (CONTROL.test(owner) || CONTROL_BUT_SPACE.test(comment ?? ''))
    return no('owner or comment holds control characters');
  return { ok: true, value: fields };
}

function secondsOf(name: string, raw: unknown): Checked<number> {
  const seconds =
    typeof raw === 'number' || typeof raw === 'string' ? (tryParseDuration(raw) ?? NaN) / 1_000 : NaN;
  return seconds > 0 && seconds <= MAX_SECONDS
    ? { ok: true, value: seconds }
    : no(`${name} is ${shortened(raw)}, not a number of seconds above 0`);
}

/** Also checks unacknowledge, unsilence, resolve and escalate: they are the same two fields. */
export function checkOwned(raw: unknown): Checked<ResolveRequest> {
  return fieldsOf(raw, ['owner', 'comment']) as Checked<ResolveRequest>;
}

export function checkAcknowledge(raw: unknown): Checked<AcknowledgeRequest> {
  const fields = fieldsOf(raw, ['owner', 'comment', 'lease_seconds']);
  if (!fields.ok || fields.value.lease_seconds === undefined) return fields as Checked<AcknowledgeRequest>;
  const lease = secondsOf('lease_seconds', fields.value.lease_seconds);
  return lease.ok
    ? { ok: true, value: { ...fields.value, lease_seconds: lease.value } as AcknowledgeRequest }
    : lease;
}

export function checkSilence(raw: unknown): Checked<SilenceRequest> {
  const fields = fieldsOf(raw, ['owner', 'comment', 'duration_seconds', 'until_resolved']);
  if (!fields.ok) return fields;
  const { until_resolved: untilResolved, duration_seconds: given } = fields.value;
  if (untilResolved !== undefined) {
    if (untilResolved !== true) return no(`until_resolved is ${shortened(untilResolved)}, not true`);
    if (given !== undefined) return no('until_resolved and duration_seconds both say when it ends');
    return fields as unknown as Checked<SilenceRequest>;
  }
  const duration = secondsOf('duration_seconds', given);
  return duration.ok
    ? { ok: true, value: { ...fields.value, duration_seconds: duration.value } as SilenceRequest }
    : duration;
}

/** A silence that is to last until its alert is over would end at once where that is so already. */
export function refuseSilence(raw: unknown, isOver: boolean): string | null {
  const asked = raw as Partial<SilenceRequest> | null | undefined;
  if (!isOver || asked?.until_resolved !== true) return null;
  return 'cannot silence until it is over an alert that is RESOLVED; say for how long';
}

export function shortened(raw: unknown): string {
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** When an acknowledgement lapses, milliseconds; null where it does not. */
export function leaseEnd(held: Acknowledgement | null): number | null {
  return held === null || held.until === null ? null : Date.parse(held.until);
}
