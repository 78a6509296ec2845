/** What a sender says of an alert that is over: how long it was, and nothing that anybody is told anew. */
import { fingerprint } from '../../../src/domain/labels';
import {
  groupScene,
  labelled,
  MINUTE,
  SECOND,
  START,
  type GroupProcess,
  type Scene,
} from '../../harness/group-scene';

const iso = (ms: number): string => new Date(START + ms).toISOString();
const ID = fingerprint(labelled({ host: 'a' }));
const span = ([from, to]: readonly [number, number]) => ({ startsAt: iso(from), endsAt: iso(to) });

async function over(times: readonly [number, number]): Promise<{ scene: Scene; one: GroupProcess }> {
  const scene = groupScene();
  const one = await scene.process('one');
  await scene.post(one, { startsAt: iso(times[0]), endsAt: iso(30 * MINUTE) });
  scene.advance(times[1]);
  await scene.post(one, span(times));
  expect(scene.history.rows.get(ID)).toMatchObject({ state: 'RESOLVED', ...span(times) });
  scene.advance(20 * MINUTE - times[1]);
  return { scene, one };
}

it.each<[string, [number, number], [number, number]]>([
  ['a later end of the same time counts', [0, 11 * MINUTE], [0, 11 * MINUTE]],
  ['an earlier end of the same time does not', [0, 9 * MINUTE], [0, 10 * MINUTE]],
  ['an earlier start counts', [-MINUTE, 9 * MINUTE], [-MINUTE, 10 * MINUTE]],
  ['a later start does not', [MINUTE, 12 * MINUTE], [0, 12 * MINUTE]],
  ['a time apart from it is the newer word', [12 * MINUTE, 13 * MINUTE], [12 * MINUTE, 13 * MINUTE]],
])('%s', async (_, said, kept) => {
  const { scene, one } = await over([0, 10 * MINUTE]);
  const before = scene.history.rows.get(ID)!;
  await scene.post(one, { ...span(said), annotations: { summary: 'newer' } });
  expect(scene.history.rows.get(ID)).toEqual({
    ...{ ...before, ...span(kept), annotations: { summary: 'newer' } },
    eventTime: expect.any(Number),
  });
  expect(scene.history.rows.get(ID)!.eventTime).toBeGreaterThan(before.eventTime);
});

it('what a person ended stays as the person ended it', async () => {
  const { scene, one } = await over([0, 10 * MINUTE]);
  scene.history.change(ID, { resolvedBy: 'ana' });
  const before = scene.history.rows.get(ID);
  await scene.post(one, span([0, 11 * MINUTE]));
  expect(scene.history.rows.get(ID)).toBe(before);
});

it('of an alert that nobody knows there is nothing to end', async () => {
  const scene = groupScene();
  const one = await scene.process('one');
  await scene.post(one, span([-MINUTE, -SECOND]));
  expect(scene.history.rows.size).toBe(0);
});
