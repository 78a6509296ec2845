/** A record that Postgres refuses for good does not stop its life: whom it tells is told, and the timeline says why. */
import { createBookkeepingActivities } from '../../../activities/bookkeeping';
import { TocsinError } from '../../../src/domain/errors';
import type { LifeRecord, QueuedRecord } from '../../../src/history/port';

const EVENT = { key: 'told-1', at: 'never', kind: 'told', actor: 'tocsin', text: '', details: {} };
const page = {
  messageId: 'm',
  receiver: 'mail',
  fingerprint: 'f',
  episode: 1,
  step: 'level1',
  dueAt: '2026-01-01',
};
const record: QueuedRecord = {
  fingerprint: 'f',
  episode: 1,
  seq: 7,
  timeline: [EVENT],
  notifications: [page],
};

async function written(fault: (record: LifeRecord) => TocsinError | null) {
  const kept: LifeRecord[] = [];
  const activities = createBookkeepingActivities({
    lives: {
      record(given) {
        const error = fault(given);
        if (error !== null) return Promise.reject(error);
        kept.push(given);
        return Promise.resolve({ closed: false, previousEndedAt: null, remediated: false });
      },
    },
    silences: {} as never,
    mutes: {} as never,
    quickArtifacts: () => Promise.resolve([]),
    wakeNotifier: () => undefined,
  });
  await activities.recordLife([record, { ...record, seq: 8, timeline: [] }]);
  return kept;
}
const refused = new TocsinError('TOC_VALUE_REFUSED', 'postgres: bad date');

test('its messages leave without what is refused, and the next record follows', async () => {
  const kept = await written(({ timeline }) => (timeline[0] === EVENT ? refused : null));
  expect(kept.map(({ seq, notifications }) => [seq, notifications?.length])).toEqual([
    [7, 1],
    [8, 1],
  ]);
  expect(kept[0]!.timeline).toMatchObject([
    { kind: 'not_recorded', text: 'a record (told) could not be written: postgres: bad date' },
  ]);
});

test('where they are refused themselves, the note alone stays', async () => {
  const kept = await written(({ seq, notifications }) => (seq === 7 && notifications ? refused : null));
  expect(kept.map(({ seq, timeline }) => [seq, timeline[0]?.kind])).toEqual([
    [7, 'not_recorded'],
    [8, undefined],
  ]);
});

test('a Postgres that is away is waited for with the whole record', async () => {
  const away = new TocsinError('TOC_DEPENDENCY_AWAY', 'gone');
  await expect(written(() => away)).rejects.toBe(away);
});
