/** What a sender says, as transitions. */
import type { PostedAlert } from '../../../src/api/port';
import { expiryOf, transitionOf } from '../../../src/dispatch/posted';
import { fingerprint } from '../../../src/domain/labels';

const AT = Date.parse('2026-03-01T12:00:00Z');
const iso = (ms: number): string => new Date(AT + ms).toISOString();
const posted = (more: Partial<PostedAlert> = {}): PostedAlert => ({
  ...{ labels: { alertname: 'Down', host: 'a' }, annotations: { summary: 'it is down' }, generatorUrl: '' },
  ...{ startsAt: iso(-60_000), endsAt: iso(300_000), timedOut: true, updatedAt: iso(0) },
  ...more,
});
const never = (): boolean => false;

it('an end that is to come is a firing alert, which lasts until then unless it is told again', () => {
  expect(transitionOf(posted(), AT, never)).toMatchObject({
    ...{ version: 1, kind: 'firing', source: 'api', fingerprint: fingerprint(posted().labels) },
    ...{
      starts_at: iso(-60_000),
      event_time: iso(0),
      ends_at: null,
      expires_at: iso(300_000),
      timed_out: true,
    },
    annotations: { summary: 'it is down' },
  });
});

it.each([-1, 0])('an end of %s ms from now is one', (ms) => {
  const transition = transitionOf(posted({ endsAt: iso(ms) }), AT, () => true);
  expect(transition).toMatchObject({ kind: 'resolved', ends_at: iso(ms) });
  for (const name of ['expires_at', 'timed_out', 'told_again']) expect(transition).not.toHaveProperty(name);
});

it('what is known to fire with these annotations is no news, and says so', () => {
  const isOpen = jest.fn(() => true);
  expect(transitionOf(posted(), AT, isOpen)).toMatchObject({ told_again: true });
  expect(isOpen).toHaveBeenCalledWith(fingerprint(posted().labels), posted());
  expect(transitionOf(posted(), AT, never)).not.toHaveProperty('told_again');
});

it('a place to look is passed on where somebody gave one', () => {
  expect(transitionOf(posted(), AT, never)).not.toHaveProperty('generator_url');
  expect(transitionOf(posted({ generatorUrl: 'http://p/graph' }), AT, never)).toMatchObject({
    generator_url: 'http://p/graph',
  });
});

it('the same said twice is two transitions, and the same one read twice is one', () => {
  const ids = [0, 0, 1].map((ms) => transitionOf(posted(), AT + ms, never).transition_id);
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
});

it('silence is an end at the time that the sender gave, the same whoever says so', () => {
  const { labels, annotations } = posted();
  const silent = {
    fingerprint: fingerprint(labels),
    labels,
    annotations,
    startsAt: AT,
    expiresAt: AT + 1_000,
    updatedAt: AT,
  };
  const end = expiryOf(silent);
  expect(end).toMatchObject({
    ...{ kind: 'resolved', source: 'api', fingerprint: silent.fingerprint, labels, annotations },
    ...{ starts_at: iso(0), ends_at: iso(1_000), event_time: iso(1_000), expires_at: iso(1_000) },
  });
  expect(expiryOf(silent)).toEqual(end);
  expect(expiryOf({ ...silent, expiresAt: AT + 2_000 }).transition_id).not.toBe(end.transition_id);
});
