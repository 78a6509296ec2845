/**
 * The body of POST /alerts. What is not of the API's form refuses the whole request; of alerts that are, those that make no
 * sense are left out by name and the others are taken, as Alertmanager does it. Senders post thousands a second: everything
 * is looked at once, by hand.
 */
import { isLabelName, type MatcherMode } from '../domain/alertmanager-matchers';
import { ALERT_NAME, labelsText, type Labels } from '../domain/labels';
import { field, kindOf, labelsOf, objectOf, plainLabels, textOf, type Fields } from './body';
import { isoTime, plainTime, timeOf } from './date-time';
import type { PostedAlert } from './port';
import { malformed, missing, unusable } from './refusal';

export interface ReceivedAlerts {
  readonly alerts: readonly PostedAlert[];
  /** What is wrong with those that were left out. */
  readonly faults: readonly string[];
  /** Of all of them, left out or not. */
  readonly firing: number;
}

export interface Receipt {
  readonly now: number;
  readonly resolveTimeoutMs: number;
  readonly matcherMode: MatcherMode;
}

/** Throws a Refusal for what is not of the API's form. */
export function receivedAlerts(body: unknown, receipt: Receipt): ReceivedAlerts {
  if (body === null) return { alerts: [], faults: [], firing: 0 };
  if (!Array.isArray(body))
    throw malformed(`alerts in body is ${kindOf(body)}, but has to be an array of alerts`);
  const times: Times = {
    ...receipt,
    nowText: isoTime(receipt.now),
    timeoutText: isoTime(receipt.now + receipt.resolveTimeoutMs),
  };
  const alerts: PostedAlert[] = [];
  const faults: string[] = [];
  let firing = 0;
  for (let index = 0; index < body.length; index++) {
    const value: unknown = body[index];
    const { alert, start, end } = plainAlert(value, times) ?? anyAlert(value, index, times);
    if (end > receipt.now) firing += 1;
    const fault = faultOf(alert, start, end, receipt.matcherMode);
    if (fault === null) alerts.push(alert);
    else faults.push(`alert ${index} ${nameOf(alert.labels)}: ${fault}`);
  }
  return { alerts, faults, firing };
}

interface Times extends Receipt {
  readonly nowText: string;
  readonly timeoutText: string;
}

interface Read {
  readonly alert: PostedAlert;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
}

/**
 * What almost every sender writes, in a third of the time: keys as they are documented, times as JavaScript writes them, no
 * empty labels. Null for anything else, right or wrong.
 */
function plainAlert(value: unknown, { now, resolveTimeoutMs, nowText, timeoutText }: Times): Read | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  let labels: Labels | null = null;
  let annotations: Labels | null = {};
  let [startsAt, endsAt, generatorUrl]: [unknown, unknown, unknown] = [undefined, undefined, ''];
  for (const key in value) {
    const given = (value as Fields)[key];
    if (key === 'labels') labels = plainLabels(given, false);
    else if (key === 'annotations') annotations = plainLabels(given, true);
    else if (key === 'startsAt') startsAt = given;
    else if (key === 'endsAt') endsAt = given;
    else if (key === 'generatorURL') generatorUrl = given;
    else return null;
  }
  if (labels === null || annotations === null) return null;
  const start = startsAt === undefined ? now : plainTime(startsAt);
  const timedOut = endsAt === undefined;
  const end = timedOut ? now + resolveTimeoutMs : plainTime(endsAt);
  if (Number.isNaN(start) || Number.isNaN(end) || (startsAt === undefined && !timedOut)) return null;
  if (typeof generatorUrl !== 'string' || !isUri(generatorUrl)) return null;
  const alert: PostedAlert = {
    labels,
    annotations,
    startsAt: startsAt === undefined ? nowText : (startsAt as string),
    endsAt: timedOut ? timeoutText : (endsAt as string),
    timedOut,
    updatedAt: nowText,
    generatorUrl,
  };
  return { alert, start, end };
}

function anyAlert(value: unknown, index: number, times: Times): Read {
  const path = `alerts.${index}`;
  const fields = objectOf(value, path);
  const labels = field(fields, 'labels');
  if (labels === undefined) throw missing(`${path}.labels in body`);
  const annotations = field(fields, 'annotations');
  const givenEnd = timeOf(field(fields, 'endsAt'), `${path}.endsAt`);
  const start = timeOf(field(fields, 'startsAt'), `${path}.startsAt`) ?? givenEnd ?? times.now;
  const end = givenEnd ?? times.now + times.resolveTimeoutMs;
  const alert: PostedAlert = {
    labels: labelsOf(labels, `${path}.labels`, false),
    annotations: annotations === undefined ? {} : labelsOf(annotations, `${path}.annotations`, true),
    startsAt: isoTime(start),
    endsAt: isoTime(end),
    timedOut: givenEnd === null,
    updatedAt: times.nowText,
    generatorUrl: urlOf(field(fields, 'generatorURL'), `${path}.generatorURL`),
  };
  return { alert, start, end };
}

/** A path, or with a scheme; a host without spaces and with both of its brackets or none; escapes that are whole. */
const REQUEST_URI =
  /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?(?:(?<=:)\/\/(?:[^\s/?#[\]%]*(?:\[[^\s/?#[\]]+\](?::\d*)?)?)(?=[/?#]|$)|\/|(?<=:)[^/])(?:[^%?\p{Cc}]|%[0-9a-fA-F]{2})*(?:\?[^\p{Cc}]*)?$/u;

/** Alerts of one rule have one. */
let lastUri = '';

function isUri(text: string): boolean {
  if (text === '' || text === lastUri) return true;
  if (!text.isWellFormed() || !REQUEST_URI.test(text)) return false;
  lastUri = text;
  return true;
}

function urlOf(value: unknown, path: string): string {
  const text = textOf(value, path) ?? '';
  if (isUri(text)) return text;
  throw unusable(`${path} in body is ${JSON.stringify(text)}, but has to be a URI`);
}

function faultOf(
  { labels, annotations, startsAt, endsAt }: PostedAlert,
  start: number,
  end: number,
  mode: MatcherMode,
): string | null {
  if (end < start) return `it ends at ${endsAt}, before it starts at ${startsAt}`;
  let count = 0;
  for (const name in labels) {
    count += 1;
    if (!isLabelName(name, mode))
      return `invalid label set: ${JSON.stringify(name)} cannot be a label's name`;
  }
  if (count === 0) return 'it needs a label at least that is not empty';
  for (const name in annotations) {
    if (!isLabelName(name, mode)) return `${JSON.stringify(name)} cannot be an annotation's name`;
  }
  return null;
}

const LONGEST_NAME = 200;

function nameOf(labels: Labels): string {
  const text = Object.hasOwn(labels, ALERT_NAME)
    ? labelsText({ [ALERT_NAME]: labels[ALERT_NAME]! })
    : labelsText(labels);
  return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text;
}
