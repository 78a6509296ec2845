/**
 * What is told around the end of a silence: a reminder before it, once, to whom the alert would have gone; and the end of an
 * alert to those who saw that it fires, silenced or not.
 */
import { createMaintenances, withMaintenances } from '../../../src/mute/maintenances';
import { createMutes } from '../../../src/mute/mutes';
import { waitFor } from '../../harness/wait-for';
import { ending, firing } from '../history/test-alerts';
import { payload, row, useScene } from './scene';

const HOUR = 3_600_000;
const scene = useScene();
const { apply, notifier, service, states, steps, allDone } = scene;

const silence = (forMs: number, agoMs = HOUR, id = 's1') => ({
  ...{ id, createdBy: 'ana', comment: '' },
  matchers: [{ name: 'alertname', op: '=' as const, value: 'HighConnections' }],
  startsAt: new Date(Date.now() - agoMs).toISOString(),
  endsAt: new Date(Date.now() + forMs).toISOString(),
});
const remind = (beforeMs: number, receivers: readonly string[] = [], history = scene.first().history) =>
  history.reminders.remind(new Date(), beforeMs, () => receivers);

describe('a reminder', () => {
  test('passes what waits for the silence, to whom that would have gone and to its maker, once', async () => {
    const { history } = scene.first();
    const held = silence(HOUR);
    await history.silences.create(held);
    await notifier([service('ops'), service('ana')]);
    await apply(firing(row));
    await waitFor(async () => (await scene.told()).length === 1, { what: 'the page to be held' });

    expect(await remind(HOUR / 2)).toBe(0);
    const others = await scene.first().another();
    const [one, other] = await Promise.all([remind(2 * HOUR, ['ana']), remind(2 * HOUR, ['ana'], others)]);
    expect(one + other).toBe(0);
    // Two hours are longer than it has lasted: it would be a reminder of what was made just now.
    await scene
      .first()
      .sql.query(
        `update ${scene.first().schema}.silences set starts_at = now() - interval '9 h', updated_at = starts_at - interval '1 h'`,
      );
    const counts = await Promise.all([remind(2 * HOUR, ['ana']), remind(2 * HOUR, ['ana'], others)]);
    expect(counts.sort()).toEqual([0, 2]);
    await waitFor(() => scene.catcher().requests.length === 2, { what: 'both reminders' });
    expect(steps()).toEqual([1, 2].map(() => `silence-ends-s1-${Date.parse(held.endsAt)}`));
    const { subject, body_text: text } = payload(scene.catcher().requests[0]);
    expect(subject).toContain('its silence ends');
    expect(text).toContain('its silence ends at');
    expect(await states()).toContain('fire pending');
    expect(await remind(2 * HOUR, ['ana'])).toBe(0);
  });

  test('comes anew where its end is moved', async () => {
    const { history, sql, schema } = scene.first();
    await history.silences.create(silence(60_000));
    await apply(firing(row));
    await sql.query(`update ${schema}.silences set updated_at = starts_at`);
    expect(await remind(120_000)).toBe(1);
    await sql.query(`update ${schema}.silences set ends_at = ends_at + interval '30 s'`);
    expect(await remind(120_000)).toBe(1);
  });

  test('is of no use for an alert that is over, taken, or told in groups', async () => {
    const { history, sql, schema } = scene.first();
    await history.silences.create(silence(60_000));
    await sql.query(`update ${schema}.silences set updated_at = starts_at`);
    await apply(firing(row, []));
    expect(await remind(120_000, ['ana'])).toBe(0);
    await sql.query(`update ${schema}.silences set reminded_of = null`);
    await apply(firing(row));
    await apply(ending(row));
    expect(await remind(120_000, ['ana'])).toBe(0);
  });
});

describe('the end of an alert', () => {
  test('is told to those who saw that it fires, though it is silenced by then', async () => {
    await notifier([service('ops')]);
    await apply(firing(row));
    await waitFor(async () => (await states()).includes('fire sent'), { what: 'the page' });
    await scene.first().history.silences.create(silence(HOUR));
    await apply(ending(row));
    await allDone();
    expect(steps()).toEqual(['fire', 'resolved']);
  });

  test('is told to who was only reminded, and to nobody who heard nothing', async () => {
    const { history, sql, schema } = scene.first();
    await history.silences.create(silence(60_000));
    await sql.query(`update ${schema}.silences set updated_at = starts_at`);
    await notifier([service('ops'), service('quiet')]);
    await apply(firing(row, ['ops']));
    await waitFor(async () => (await scene.told()).length === 1, { what: 'the page to be held' });
    expect(await remind(120_000)).toBe(1);
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the reminder' });
    await apply(ending(row, ['ops', 'quiet']));
    await allDone();
    expect(steps().map((step) => step!.replace(/-s1.*/, ''))).toEqual(['silence-ends', 'resolved']);
    expect(await states()).toContain('fire dropped');
  });

  test('is told although a maintenance covers the alert by then', async () => {
    const { history } = scene.first();
    const maintenances = createMaintenances({ store: history.maintenances, configured: () => [] });
    await notifier([service('ops')], {
      mutes: withMaintenances(createMutes(history.silences), maintenances),
    });
    await apply(firing(row));
    await waitFor(async () => (await states()).includes('fire sent'), { what: 'the page' });
    const now = new Date();
    await history.maintenances.start(
      {
        ...{ id: 'm1', name: 'move', targets: ['pg-main'], environments: [], matchers: [], intervals: null },
        ...{ startsAt: now.toISOString(), endsAt: null, createdBy: 'ana', comment: '' },
      },
      now,
    );
    await apply(ending(row));
    await allDone();
    expect(steps()).toEqual(['fire', 'resolved']);
  });
});
