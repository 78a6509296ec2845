/**
 * What programs send to a life, checked for what the life relies on: the dispatcher's transitions with their policy, what
 * could not be told, and remediations' results. A Signal can be sent by hand with anything in it, and one that is taken but cannot be
 * worked with would fail every workflow task of that alert from then on.
 */
import type { LifePolicy } from '../../src/domain/life';
import { URGENCIES } from '../../src/domain/severity';
import type { RemediationResult } from '../../src/domain/remediation';
import { TRANSITION_KINDS } from '../../src/domain/transition';
import type { AlertLifeInput, TransitionMessage, UndeliveredMessage } from '../messages';
import { toldBy } from './chain';
import { shortened, type Checked } from './requests';

/** Beyond it a chain is a mistake; each level that is told is a record. */
const MAX_LEVELS_TOLD = 10_000;
const MAX_RESULT_LENGTH = 500_000;

type Fields = Readonly<Record<string, unknown>>;
/** What is wrong, or null. */
type Check = (raw: unknown) => string | null;

const text: Check = (raw) => (typeof raw === 'string' ? null : `${shortened(raw)} is not a text`);
const length: Check = (raw) =>
  typeof raw === 'number' && Number.isFinite(raw) && raw >= 0
    ? null
    : `${shortened(raw)} is not a number of milliseconds`;
const time: Check = (raw) =>
  typeof raw === 'string' && Number.isFinite(Date.parse(raw)) ? null : `${shortened(raw)} is not a time`;
const texts: Check = (raw) =>
  isFields(raw) && Object.values(raw).every((value) => typeof value === 'string')
    ? null
    : `${shortened(raw)} are not names with texts`;
const oneOf =
  (...accepted: readonly string[]): Check =>
  (raw) =>
    accepted.includes(raw as string) ? null : `${shortened(raw)} is none of ${accepted.join(', ')}`;
const orNull =
  (check: Check): Check =>
  (raw) =>
    raw === null ? null : check(raw);
const listOf =
  (check: Check): Check =>
  (raw) => {
    if (!Array.isArray(raw)) return `${shortened(raw)} is not a list`;
    return raw.map(check).find((problem) => problem !== null) ?? null;
  };

function record(checks: Readonly<Record<string, Check>>): Check {
  return (raw) => {
    if (!isFields(raw)) return `${shortened(raw)} is not an object`;
    for (const [name, check] of Object.entries(checks)) {
      const problem = check(raw[name]);
      if (problem !== null) return `${name}: ${problem}`;
    }
    return null;
  };
}

const transition = record({
  fingerprint: text,
  kind: oneOf(...TRANSITION_KINDS),
  source: text,
  starts_at: time,
  event_time: time,
  labels: texts,
  annotations: texts,
  correlation_id: text,
});

const optional =
  (check: Check): Check =>
  (raw) =>
    raw === undefined ? null : check(raw);
const number: Check = (raw) =>
  typeof raw === 'number' && Number.isFinite(raw) ? null : `${shortened(raw)} is not a number`;
const ranges = orNull(listOf(record({ begin: number, end: number })));
const intervals = listOf(
  record({
    times: orNull(listOf(record({ startMinute: length, endMinute: length }))),
    ...{ weekdays: ranges, daysOfMonth: ranges, months: ranges, years: ranges },
    location: orNull(text),
  }),
);
const level = record({
  name: text,
  receivers: listOf(text),
  people: optional(listOf(text)),
  schedules: optional(listOf(text)),
  urgency: optional(oneOf(...URGENCIES)),
  when: optional(
    record({
      hours: optional(intervals),
      notHours: optional(intervals),
      severities: optional(listOf(text)),
      alerts: optional(number),
    }),
  ),
  timeoutMs: length,
});

const policyShape = record({
  instance: text,
  page: listOf(
    record({ receiver: text, notifyAfter: oneOf('fire', 'enrich', 'remediate'), deadlineMs: length }),
  ),
  escalation: orNull(
    record({
      name: text,
      delayMs: length,
      repeat: length,
      levels: listOf(level),
      groupBy: optional(listOf(text)),
    }),
  ),
  acknowledgeLeaseMs: orNull(length),
  cooldownMs: length,
  enrich: listOf(record({ provider: text, budgetMs: length })),
  remediation: orNull(
    record({ runbook: text, target: text, inputs: record({}), soakMs: length, verifyTimeoutMs: length }),
  ),
});

function policy(raw: unknown): string | null {
  const problem = policyShape(raw);
  if (problem !== null) return problem;
  const { escalation } = raw as LifePolicy;
  const told = escalation === null ? 0 : escalation.levels.length * (escalation.repeat + 1);
  return told <= MAX_LEVELS_TOLD ? null : `escalation: it would tell ${told} levels`;
}

const message = record({ transition, policy });

const result = record({
  remediation_id: text,
  runbook: text,
  target: text,
  outcome: oneOf('verified', 'not_verified', 'refused', 'failed', 'dry_run', 'nothing_to_do'),
  reason: text,
  steps: listOf(record({ name: text, status: text })),
  checks: listOf(record({ type: text, status: text })),
  started_at: time,
  ended_at: time,
});

/** What makes a value a life's input at all; null when it is one. A start by hand can bring anything. */
export function malformedInput(raw: unknown): string | null {
  return message(raw);
}

/** A transition of this alert with its policy. A resolve brings no samples: those of what it ends are kept. */
export function checkTransition(raw: unknown, of: AlertLifeInput['transition']): Checked<TransitionMessage> {
  const problem = message(raw);
  if (problem !== null) return { ok: false, problem };
  const value = raw as TransitionMessage;
  const { fingerprint, kind } = value.transition;
  if (fingerprint !== of.fingerprint)
    return { ok: false, problem: `it is of alert ${shortened(fingerprint)}` };
  if (kind !== 'resolved') return { ok: true, value };
  return { ok: true, value: { ...value, transition: { ...value.transition, recent: of.recent } } };
}

export function checkResult(raw: unknown): Checked<RemediationResult> {
  const problem = result(raw) ?? (JSON.stringify(raw).length > MAX_RESULT_LENGTH ? 'it is too long' : null);
  return problem === null ? { ok: true, value: raw as RemediationResult } : { ok: false, problem };
}

const undelivered = record({
  episode: number,
  step: (raw) => text(raw) ?? (toldBy(raw as string) === null ? `${shortened(raw)} tells nobody anew` : null),
  reason: text,
});

export function checkUndelivered(raw: unknown): Checked<UndeliveredMessage> {
  const problem = undelivered(raw);
  return problem === null ? { ok: true, value: raw as UndeliveredMessage } : { ok: false, problem };
}

function isFields(raw: unknown): raw is Fields {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}
