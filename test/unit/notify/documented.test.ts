/** docs/notification-payload.md names the source of every field that leaves, and of no other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPayload } from '../../../src/dev/notification-service/payload';
import { buildPayload } from '../../../src/notify/payload';
import { alert, artifact, facts, incident, NOW, verified } from './test-notification';

const guide = readFileSync(join(__dirname, '../../../docs/notification-payload.md'), 'utf8');
const documented = [...guide.matchAll(/^\| `([a-z_.[\]]+)` \|/gm)].map(([, field]) => field!);

/** With everything in it that can be. */
const related = {
  fingerprint: 'f',
  alert_name: 'Slow',
  severity: null,
  resource: null,
  state: 'FIRING',
  starts_at: alert().startsAt,
};
const whole = facts({
  artifacts: [artifact()],
  remediation: verified,
  related: [related],
  incident: incident(),
});
const options = { messageId: 'm', step: 'fire', routingKey: 'dba', onCallPerson: null, now: NOW };
const digest = { like: { alertname: 'HighConnections' }, limit: 5, windowMs: 3_600_000 };
const full = {
  ...buildPayload(whole, { ...options, fellows: [alert()] }),
  ...buildPayload(whole, { ...options, fellows: [alert()], digest }),
};

/** Objects with fields of anybody's choice are one field. */
const OPEN = ['labels', 'enrichment_artifacts[].data', 'remediation_steps[].details'];

function fieldsOf(value: unknown, path: string): string[] {
  if (Array.isArray(value) && !OPEN.includes(path)) return [path, ...fieldsOf(value[0], `${path}[]`)];
  if (value === null || typeof value !== 'object' || OPEN.includes(path)) return [path];
  const inside = Object.entries(value).flatMap(([key, part]) =>
    fieldsOf(part, path === '' ? key : `${path}.${key}`),
  );
  // Only what has a value of its own is a field; what merely holds others is named by them.
  return inside;
}

test('every field has a row, every row a field', () => {
  expect([...documented].sort()).toEqual(fieldsOf(full, '').sort());
});

test('no row leaves its source or its null open', () => {
  const rows = guide.split('\n').filter((line) => /^\| `[a-z_.[\]]+` \|/.test(line));
  for (const row of rows) {
    const cells = row.split('|').slice(1, -1);
    expect([row, cells.length, cells.every((cell) => cell.trim() !== '')]).toEqual([row, 4, true]);
  }
});

test('what is said to be never null never is, however little is known', () => {
  const bare = buildPayload(
    facts({
      alert: alert({
        labels: {},
        annotations: {},
        value: null,
        threshold: null,
        rule: null,
        condition: null,
      }),
    }),
    { messageId: 'm', step: 'fire', routingKey: null, onCallPerson: null, now: NOW },
  );
  const valueAt = (path: string): unknown =>
    path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], bare);
  const plain = [...guide.matchAll(/^\| `([a-z_.]+)` \|.*\| ([^|]*) \|$/gm)].filter(
    ([, field]) => !field!.startsWith('incident.'),
  );
  const nulls = plain.filter(([, field]) => valueAt(field!) === null).map(([, field]) => field);
  expect(nulls).toEqual(plain.filter(([, , when]) => when !== 'never').map(([, field]) => field));
});

test('nor of an incident', () => {
  const bare = buildPayload(facts({ incident: incident({ severity: null, commander: null }) }), {
    ...{ messageId: 'm', step: 'incident', routingKey: null, onCallPerson: null, now: NOW },
  });
  const rows = [...guide.matchAll(/^\| `incident\.([a-z_]+)` \|.*\| ([^|]*) \|$/gm)];
  const nulls = Object.entries(bare.incident!).flatMap(([field, value]) => (value === null ? [field] : []));
  expect(nulls).toEqual(rows.filter(([, , when]) => when !== 'never').map(([, field]) => field));
});

test('the notification service that comes with it knows the same fields', () => {
  const read = readPayload(JSON.stringify(full));
  expect(Object.keys('payload' in read ? read.payload : {}).sort()).toEqual(Object.keys(full).sort());
});
