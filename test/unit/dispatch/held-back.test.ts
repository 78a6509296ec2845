/** What looks hold back, as it is written down: by whom, from when until when, and only where it has changed. */
import { createHoldersOf, digestOf, heldOf, openOnes } from '../../../src/dispatch/held';
import { holdersText } from '../../../src/dispatch/holder-text';
import { fingerprint } from '../../../src/domain/labels';
import type { FlushedGroup, Holder } from '../../../src/history/port';
import type { GroupLook, HeldBack } from '../../../src/notify/port';
import { groupScene, labelled, MINUTE, SECOND, START, route, said } from '../../harness/group-scene';

const idOf = (name: string): string => fingerprint(labelled({ host: name }));
const host = (name: string) => ({ labels: labelled({ host: name }) });
const iso = (ms: number): string => new Date(ms).toISOString();

describe('a silenced alert', () => {
  const silenced = new Map<string, string>();
  beforeEach(() => silenced.clear());
  const scene = () =>
    groupScene({
      mutes: { silencer: async () => (labels) => [silenced.get(labels['host']!) ?? []].flat() },
    });

  it('is recorded as held from the look that held it until the one that did not, and told then', async () => {
    const { history, heard, ...place } = scene();
    const one = await place.process('one');
    silenced.set('a', 's1');
    await place.post(one, host('a'));
    for (const ms of [30 * SECOND, 5 * MINUTE]) {
      place.advance(ms);
      await one.look();
    }
    const at = (ms: number): Date => new Date(START + ms);
    const hold = { fingerprint: idOf('a'), reason: 'silence', by: [{ kind: 'silence', id: 's1' }] };
    expect(history.holds).toEqual([
      expect.objectContaining({ ...hold, receiver: 'team', from: at(30 * SECOND), until: null }),
    ]);
    silenced.clear();
    place.advance(5 * MINUTE);
    await one.look();
    await one.send();
    expect(history.holds[0]!.until).toEqual(at(10 * MINUTE + 30 * SECOND));
    expect(heard.map(said)).toEqual([['a firing']]);
  });

  it('is written once however often its group is looked at, by whichever process', async () => {
    const { history, ...place } = scene();
    const processes = [await place.process('one'), await place.process('other')];
    silenced.set('a', 's1').set('b', 's1');
    await place.post(processes[0]!, host('b'), host('a'));
    const written: (FlushedGroup['held'] | undefined)[] = [];
    for (const { store } of processes) {
      const write = store.flushed;
      store.flushed = async (results) => {
        written.push(...results.map(({ held }) => held));
        await write(results);
      };
    }
    place.advance(30 * SECOND);
    for (let looks = 0; looks < 4; looks++) {
      await processes[looks % 2]!.look();
      place.advance(5 * MINUTE);
    }
    expect(written.map((held) => held?.alerts.length)).toEqual([2, undefined, undefined, undefined]);
    expect(history.holds).toHaveLength(2);
  });

  it('changes hands: the first silence held it until the second did', async () => {
    const { history, ...place } = scene();
    const one = await place.process('one');
    await place.post(one, host('a'));
    for (const id of ['s1', 's2']) {
      silenced.set('a', id);
      place.advance(5 * MINUTE);
      await one.look();
    }
    const spans = history.holds.map(({ by, until }) => [
      by[0]!.kind === 'silence' && by[0]!.id,
      until !== null,
    ]);
    expect(spans).toEqual([
      ['s1', true],
      ['s2', false],
    ]);
  });

  it('of a group that is no more is held no longer', async () => {
    const { history, ...place } = scene();
    const one = await place.process('one');
    silenced.set('a', 's1');
    await place.post(one, host('a'));
    place.advance(30 * SECOND);
    await one.look();
    await place.post(one, { ...host('a'), endsAt: iso(place.now()) });
    for (let looks = 0; looks < 3; looks++) {
      place.advance(5 * MINUTE);
      await one.look();
    }
    expect(history.groups.size).toBe(0);
    expect(history.holds.map(({ until }) => until !== null)).toEqual([true]);
  });

  it('whose fire was told is told of its end, though other messages have left meanwhile without it', async () => {
    const { heard, ...place } = scene();
    const one = await place.process('one');
    const next = async (): Promise<void> => {
      place.advance(5 * MINUTE);
      await one.look();
      await one.send();
    };
    await place.post(one, host('a'), host('b'));
    await next();
    silenced.set('a', 's1');
    await place.post(one, host('c'));
    await next();
    await place.post(
      one,
      { ...host('b'), endsAt: iso(place.now()) },
      { ...host('c'), endsAt: iso(place.now()) },
    );
    await next();
    await place.post(one, { ...host('a'), endsAt: iso(place.now()) });
    for (let looks = 0; looks < 3; looks++) await next();
    expect(heard.map(said)).toEqual([
      ['a firing', 'b firing'],
      ['b firing', 'c firing'],
      ['b resolved', 'c resolved'],
      ['a resolved'],
    ]);
  });

  it('is told of anew when the silence is over, where messages have left without it', async () => {
    const { heard, ...place } = scene();
    const one = await place.process('one');
    const next = async (): Promise<void> => {
      place.advance(5 * MINUTE);
      await one.look();
      await one.send();
    };
    await place.post(one, host('a'));
    await next();
    silenced.set('a', 's1');
    await place.post(one, host('b'));
    await next();
    silenced.clear();
    for (let looks = 0; looks < 3; looks++) await next();
    expect(heard.map(said)).toEqual([['a firing'], ['b firing'], ['a firing', 'b firing']]);
  });

  it('whose route a reload has taken away is held no longer', async () => {
    const { history, ...place } = scene();
    const one = await place.process('one');
    silenced.set('a', 's1');
    await place.post(one, host('a'));
    place.advance(30 * SECOND);
    await one.look();
    await one.grouping.reroute(route({ matchers: [], groupBy: ['host'] }));
    place.advance(10 * MINUTE);
    await one.look();
    const open = history.holds.filter(({ until }) => until === null).map(({ groupKey }) => groupKey);
    expect(open).toEqual(['{}:{host="a"}']);
  });
});

const look = (more: Partial<GroupLook> = {}): GroupLook => ({
  ...{ key: 'g', at: START, receiver: 'team', repeatIntervalMs: 0, members: [], told: new Map() },
  ...{ muteTimeIntervals: ['nights'], activeTimeIntervals: ['office hours'] },
  ...more,
});
const held = (more: Partial<HeldBack> = {}): HeldBack => ({
  ...{ fingerprint: 'f1', reason: 'silence', by: ['s1'] },
  ...more,
});

describe('by whom', () => {
  const labels = new Map([
    ['source', { alertname: 'RackDown' }],
    ['target', { alertname: 'HostDown' }],
  ]);
  const known = { get: (id: string) => (labels.has(id) ? ({ labels: labels.get(id) } as never) : undefined) };
  const inhibition = held({ fingerprint: 'target', reason: 'inhibition', by: ['source'] });

  it('an inhibiting alert with its labels and the rule, since both may be others later', () => {
    const rule = { index: 2, name: '' };
    const between = jest.fn(() => rule);
    expect(createHoldersOf(known, between)(look(), inhibition)).toEqual([
      { kind: 'alert', fingerprint: 'source', labels: { alertname: 'RackDown' }, rule },
    ]);
    expect(between).toHaveBeenCalledWith({ alertname: 'RackDown' }, { alertname: 'HostDown' });
  });

  it('an inhibiting alert that is not known any more has no labels, and without rules no rule', () => {
    const holders = createHoldersOf({ get: () => undefined })(look(), inhibition);
    expect(holders).toEqual([{ kind: 'alert', fingerprint: 'source', labels: {}, rule: null }]);
  });

  it.each([
    ['nights', 'mute time interval'],
    ['office hours', 'active time interval'],
  ])('%s is a %s of the route', (name, kind) => {
    const back = held({ reason: 'time interval', by: [name] });
    expect(createHoldersOf(known)(look(), back)).toEqual([{ kind, name }]);
  });

  it.each<[Holder, string]>([
    [{ kind: 'silence', id: 's1' }, 'silence s1'],
    [
      { kind: 'silence', id: 's1', createdBy: 'ana', comment: 'works', endsAt: '2026-03-01T13:00:00.000Z' },
      'silence s1 of ana until 2026-03-01T13:00:00.000Z: works',
    ],
    [
      { kind: 'alert', fingerprint: 'f', labels: { a: 'b' }, rule: { index: 0, name: '' } },
      'alert f {a="b"} inhibits it by inhibition rule 1',
    ],
    [
      { kind: 'alert', fingerprint: 'f', labels: {}, rule: { index: 0, name: 'racks' } },
      'alert f {} inhibits it by inhibition rule "racks"',
    ],
    [{ kind: 'alert', fingerprint: 'f', labels: {}, rule: null }, 'alert f {} inhibits it'],
    [{ kind: 'mute time interval', name: 'nights' }, 'it is a time of "nights", in which the route is muted'],
    [
      { kind: 'active time interval', name: 'days' },
      'it is no time of "days", in which alone the route is active',
    ],
  ])('%j in words', (holder, words) => {
    expect(holdersText([holder])).toBe(words);
  });
});

describe('the record of a look', () => {
  const members = (over: readonly string[]): GroupLook['members'] =>
    ['f1', 'f2'].map((id) => ({ alert: { fingerprint: id } as never, isOver: over.includes(id) }));

  it('leaves out what is over: whoever was not told of it has not to hear of its end', () => {
    const back = [held(), held({ fingerprint: 'f2' })];
    expect(openOnes(look({ members: members(['f2']) }), back)).toEqual([back[0]]);
    expect(openOnes(look({ members: members([]) }), back)).toEqual(back);
    expect(openOnes(look({ members: members(['f1']) }), [])).toEqual([]);
  });

  it('has the same digest in whatever order the alerts stand, and another for whatever else holds them', () => {
    const [one, other] = [held(), held({ fingerprint: 'f2' })];
    const digest = digestOf([one, other]);
    expect(digestOf([other, one])).toBe(digest);
    const others = [[one], [one, one], [one, held({ fingerprint: 'f2', by: ['s2'] })]];
    others.push([one, held({ fingerprint: 'f2', reason: 'inhibition' })]);
    expect(new Set([digest, ...others.map(digestOf)]).size).toBe(5);
    expect(digestOf([])).toBeNull();
  });

  it('names the group and the receiver', () => {
    expect(heldOf(look(), [held()], () => [{ kind: 'silence', id: 's1' }])).toEqual({
      ...{ groupKey: 'g', receiver: 'team' },
      alerts: [{ fingerprint: 'f1', reason: 'silence', by: [{ kind: 'silence', id: 's1' }] }],
    });
  });
});
