/** When a storm is looked at, and what its summary says. */
import { createStormWatch, STORM_MESSAGES, summaryOf } from '../../../src/dispatch/storm';
import type { KnownAlert, SummaryEntry } from '../../../src/history/port';
import { groupScene, labelled, MINUTE, oneTurn, START } from '../../harness/group-scene';

const alert = (labels: KnownAlert['labels'], startsAt = START): KnownAlert => ({
  ...{ fingerprint: JSON.stringify(labels), labels, annotations: {}, state: 'FIRING', episode: startsAt },
  ...{ startsAt, endsAt: null, expiresAt: null, updatedAt: startsAt, changedAt: startsAt, generatorUrl: '' },
  ...{ acknowledgement: null, downTarget: null, overAt: null },
});
const many = (count: number, labelsOf: (at: number) => KnownAlert['labels']): KnownAlert[] =>
  Array.from({ length: count }, (_, at) => alert(labelsOf(at), START - at));

describe('a summary', () => {
  it('has an entry for each name, the most frequent first, with what its alerts have in common and when the first began', () => {
    const [first, second, ...others] = summaryOf([
      ...many(2, (at) => ({ alertname: 'Disk', instance: `a${at}` })),
      ...many(7, (at) => ({ alertname: 'Down', instance_id: `b${at}`, severity: 'page' })),
    ]);
    expect(others).toEqual([]);
    expect(first!.labels).toEqual({ alertname: 'Down', severity: 'page', storm_alerts: '7' });
    expect(first!.annotations['summary']).toContain('7 alerts');
    expect(first!.annotations['summary']).toContain('of b0, b1, b2, b3, b4 and 2 other instances.');
    expect(first!.startsAt).toBe(new Date(START - 6).toISOString());
    expect(second!.labels).toEqual({ alertname: 'Disk', storm_alerts: '2' });
    expect(second!.annotations['summary']).toContain('of a0, a1.');
  });

  it('tells the rarest names in one, so that it stays short, and counts all of them', () => {
    const entries = summaryOf(many(100, (at) => ({ alertname: `n${at % 30}` })));
    expect(entries).toHaveLength(21);
    const counted = entries.reduce((sum, { labels }) => sum + Number(labels['storm_alerts']), 0);
    expect(counted).toBe(100);
    expect(entries.at(-1)!.annotations['summary']).toMatch(/of n\d+, .* and 5 other names/);
  });

  it('says so where alerts have no instance', () => {
    expect(summaryOf(many(1, () => ({ alertname: 'x' })))[0]!.annotations['summary']).toContain(
      'of no instance',
    );
  });
});

describe('a storm', () => {
  async function watch(
    more: { waiting?: string[]; integrations?: string[]; isNew?: boolean; isAway?: boolean } = {},
  ) {
    const { waiting = ['team/webhook/0'], integrations = ['ops/webhook/0'], isNew = true } = more;
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, { labels: labelled({ host: 'a' }) }, { labels: labelled({ host: 'b' }) });
    const told: SummaryEntry[][] = [];
    const asked: number[] = [];
    const log = { warn: jest.fn(), debug: jest.fn() };
    const onSummary = jest.fn();
    const storm = createStormWatch({
      ...{
        known: one.grouping.known,
        index: () => one.grouping.routing().index,
        now: scene.now,
        elapsedMs: scene.now,
        log,
        onSummary,
      },
      integrations: () => integrations,
      store: {
        async waiting(least) {
          if (more.isAway === true) throw new Error('away');
          asked.push(least);
          return waiting.map((integration) => ({ integration, messages: least }));
        },
        async tell(_, summary) {
          told.push([...summary]);
          return isNew;
        },
      },
    });
    return { ...{ scene, storm, told, asked, log, onSummary }, look: () => oneTurn(storm) };
  }

  it.each([
    ['is looked at half a second after its hundredth message', STORM_MESSAGES, 500, [STORM_MESSAGES]],
    ['is none with one less', STORM_MESSAGES - 1, 500, []],
    ['is not looked at before: what comes together is told together', STORM_MESSAGES, 499, []],
  ])('%s', async (_, messages, afterMs, looks) => {
    const { scene, storm, told, asked, look } = await watch();
    storm.made(1);
    storm.made(messages - 1);
    scene.advance(afterMs);
    await look();
    expect(asked).toEqual(looks);
    const entry = expect.objectContaining({ labels: { alertname: 'Down', storm_alerts: '2' } });
    expect(told).toEqual(looks.map(() => [entry]));
  });

  it('is none where the messages come over hours', async () => {
    const { scene, storm, asked, look } = await watch();
    for (let at = 0; at < 5; at++) {
      storm.made(STORM_MESSAGES / 4);
      scene.advance(2 * MINUTE);
    }
    await look();
    expect(asked).toEqual([]);
  });

  it.each([
    ['nobody asked for a summary', { integrations: [] }],
    ['the messages have arrived', { waiting: [] }],
    ['only the summary’s own receiver has yet to hear', { waiting: ['ops/webhook/0'] }],
    ['it is of receivers that none of the alerts is for', { waiting: ['others/webhook/0'] }],
  ])('is not told where %s', async (_, more) => {
    const { scene, storm, told, look } = await watch(more);
    storm.made(STORM_MESSAGES);
    scene.advance(1_000);
    await look();
    expect(told).toEqual([]);
  });

  it('of what began long ago is none', async () => {
    const { scene, storm, told, look } = await watch();
    scene.advance(2 * MINUTE);
    storm.made(STORM_MESSAGES);
    scene.advance(1_000);
    await look();
    expect(told).toEqual([]);
  });

  it.each([
    ['wakes whoever sends messages', true, 1],
    ['that was told a while ago wakes nobody', false, 0],
  ])('%s', async (_, isNew, woken) => {
    const { scene, storm, told, onSummary, look } = await watch({ isNew });
    storm.made(STORM_MESSAGES);
    scene.advance(1_000);
    await look();
    expect(told).toHaveLength(1);
    expect(onSummary).toHaveBeenCalledTimes(woken);
  });

  it('that cannot be looked at is said, and looked at with the next messages', async () => {
    const { scene, storm, log, look } = await watch({ isAway: true });
    storm.made(STORM_MESSAGES);
    scene.advance(1_000);
    await look();
    expect(log.warn).toHaveBeenCalledWith(expect.anything(), expect.stringContaining('away'));
  });
});
