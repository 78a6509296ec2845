/**
 * The body of POST /alerts. What is not of the API's form refuses the whole request; of alerts that are, those that make no
 * sense are left out by name and the others are taken, as Alertmanager does it. Senders post thousands a second: everything
 * is looked at once, by hand.
 */
import { isLabelName, type MatcherMode } from '../domain/alertmanager-matchers';
import { ALERT_NAME, labelsText, type Labels } from '../domain/labels';
import { field, kindOf, labelsOf, objectOf, textOf } from './body';
import { isoTime, timeOf } from './date-time';
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
  const alerts: PostedAlert[] = [];
  const faults: string[] = [];
  let firing = 0;
  for (let index = 0; index < body.length; index++) {
    const alert = postedAlert(body[index], index, receipt);
    if (Date.parse(alert.endsAt) > receipt.now) firing += 1;
    const fault = faultOf(alert, receipt.matcherMode);
    if (fault === null) alerts.push(alert);
    else faults.push(`alert ${index} ${nameOf(alert.labels)}: ${fault}`);
  }
  return { alerts, faults, firing };
}

function postedAlert(value: unknown, index: number, { now, resolveTimeoutMs }: Receipt): PostedAlert {
  const path = `alerts.${index}`;
  const fields = objectOf(value, path);
  const labels = field(fields, 'labels');
  if (labels === undefined) throw missing(`${path}.labels in body`);
  const annotations = field(fields, 'annotations');
  const start = timeOf(field(fields, 'startsAt'), `${path}.startsAt`);
  const end = timeOf(field(fields, 'endsAt'), `${path}.endsAt`);
  return {
    labels: labelsOf(labels, `${path}.labels`, false),
    annotations: annotations === undefined ? {} : labelsOf(annotations, `${path}.annotations`, true),
    startsAt: isoTime(start ?? end ?? now),
    endsAt: isoTime(end ?? now + resolveTimeoutMs),
    timedOut: end === null,
    updatedAt: isoTime(now),
    generatorUrl: urlOf(field(fields, 'generatorURL'), `${path}.generatorURL`),
  };
}

/** A path, or with a scheme; a host without spaces and with both of its brackets or none; escapes that are whole. */
const REQUEST_URI =
  /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?(?:(?<=:)\/\/(?:[^\s/?#[\]%]*(?:\[[^\s/?#[\]]+\](?::\d*)?)?)(?=[/?#]|$)|\/|(?<=:)[^/])(?:[^%?\p{Cc}]|%[0-9a-fA-F]{2})*(?:\?[^\p{Cc}]*)?$/u;

function urlOf(value: unknown, path: string): string {
  const text = textOf(value, path) ?? '';
  if (text === '' || REQUEST_URI.test(text)) return text;
  throw unusable(`${path} in body is ${JSON.stringify(text)}, but has to be a URI`);
}

function faultOf({ labels, annotations, startsAt, endsAt }: PostedAlert, mode: MatcherMode): string | null {
  if (endsAt < startsAt && Date.parse(endsAt) < Date.parse(startsAt))
    return `it ends at ${endsAt}, before it starts at ${startsAt}`;
  let count = 0;
  for (const name in labels) {
    count += 1;
    if (!isLabelName(name, mode)) return `${JSON.stringify(name)} cannot be a label's name`;
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
