/** What templates see of a notification: Alertmanager's data, with the methods of its types. */
import { time } from '../time/time';
import { define, type FunctionTable } from '../value/functions';
import { compareText, GoList, GoMap, GoObject, type Field } from '../value/values';

type Texts = Readonly<Record<string, string>>;

/** One alert, under the names that it has in JSON. Times are of RFC 3339. */
export interface AlertData {
  readonly status: 'firing' | 'resolved';
  readonly labels: Texts;
  readonly annotations: Texts;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

/** A notification, under the names that it has in JSON, in their order. */
export interface NotificationData {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly AlertData[];
  readonly notification_reason: string;
  readonly groupLabels: Texts;
  readonly commonLabels: Texts;
  readonly commonAnnotations: Texts;
  readonly routeLabels: Texts;
  readonly externalURL: string;
}

export function notificationObject(data: NotificationData): GoObject {
  return new GoObject({
    type: '*template.Data',
    fields: [
      { name: 'Receiver', json: 'receiver', value: data.receiver },
      { name: 'Status', json: 'status', value: data.status },
      { name: 'Alerts', json: 'alerts', value: alerts(data.alerts) },
      { name: 'NotificationReason', json: 'notification_reason', value: data.notification_reason },
      { name: 'GroupLabels', json: 'groupLabels', value: pairMap(data.groupLabels) },
      { name: 'CommonLabels', json: 'commonLabels', value: pairMap(data.commonLabels) },
      { name: 'CommonAnnotations', json: 'commonAnnotations', value: pairMap(data.commonAnnotations) },
      { name: 'RouteLabels', json: 'routeLabels', value: pairMap(data.routeLabels) },
      { name: 'ExternalURL', json: 'externalURL', value: data.externalURL },
    ],
  });
}

function alerts(all: readonly AlertData[]): GoList {
  const objects = all.map(alertObject);
  const of = (status: string): GoList =>
    new GoList(
      objects.filter((_, index) => all[index]!.status === status),
      { type: '[]template.Alert' },
    );
  const methods: FunctionTable = {
    Firing: define([], () => of('firing')),
    Resolved: define([], () => of('resolved')),
  };
  return new GoList(objects, { type: 'template.Alerts', methods });
}

function alertObject(alert: AlertData): GoObject {
  const fields: Field[] = [
    { name: 'Status', json: 'status', value: alert.status },
    { name: 'Labels', json: 'labels', value: pairMap(alert.labels) },
    { name: 'Annotations', json: 'annotations', value: pairMap(alert.annotations) },
    timeField('StartsAt', 'startsAt', alert.startsAt),
    timeField('EndsAt', 'endsAt', alert.endsAt),
    { name: 'GeneratorURL', json: 'generatorURL', value: alert.generatorURL },
    { name: 'Fingerprint', json: 'fingerprint', value: alert.fingerprint },
  ];
  return new GoObject({ type: 'template.Alert', fields });
}

/** A group may have thousands of alerts, and few templates look at their times: each is made when it is asked for. */
function timeField(name: string, json: string, text: string): Field {
  return {
    name,
    json,
    get value() {
      return time(nanosecondsOf(text));
    },
  };
}

/** Of RFC 3339, with as many digits of a second as there are. */
function nanosecondsOf(text: string): bigint {
  const [, whole = '', fraction = '', zone = ''] = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const milliseconds = Date.parse(whole + zone);
  if (Number.isNaN(milliseconds)) throw new RangeError(`${JSON.stringify(text)} is no time of RFC 3339`);
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

/** Names and values, in order where templates range over them: the alert's name first, the others by name. */
function pairMap(texts: Texts): GoMap {
  const methods: FunctionTable = {
    SortedPairs: define([], () => pairs(texts)),
    Names: define([], () => strings(sorted(texts).map(([name]) => name))),
    Values: define([], () => strings(sorted(texts).map(([, value]) => value))),
    Remove: define(['[]string'], (names) =>
      pairMap(Object.fromEntries(Object.entries(texts).filter(([name]) => !names.items.includes(name)))),
    ),
  };
  const text = (): string => pairText(sorted(texts));
  return new GoMap(new Map(Object.entries(texts)), 'string', { type: 'template.KV', methods, text });
}

function sorted(texts: Texts): readonly (readonly [string, string])[] {
  const rank = (name: string): number => (name === 'alertname' ? 0 : 1);
  return Object.entries(texts).sort(([a], [b]) => rank(a) - rank(b) || compareText(a, b));
}

const pairText = (entries: readonly (readonly [string, string])[]): string =>
  entries.map(([name, value]) => `${name}=${value}`).join(', ');

function pairs(texts: Texts): GoList {
  const entries = sorted(texts);
  const items = entries.map(
    ([name, value]) =>
      new GoObject({
        type: 'template.Pair',
        fields: [
          { name: 'Name', value: name },
          { name: 'Value', value },
        ],
      }),
  );
  const methods: FunctionTable = {
    Names: define([], () => strings(entries.map(([name]) => name))),
    Values: define([], () => strings(entries.map(([, value]) => value))),
  };
  return new GoList(items, { type: 'template.Pairs', methods, text: () => pairText(entries) });
}

/** A list of texts, whose own method joins them. */
function strings(texts: readonly string[]): GoList {
  const methods: FunctionTable = { Join: define(['string'], (separator) => texts.join(separator)) };
  return new GoList(texts, { type: '[]string', methods });
}
