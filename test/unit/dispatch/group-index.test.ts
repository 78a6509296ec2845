/** The index against what the routes say, whatever comes and goes in whatever order. */
import fc from 'fast-check';
import { createGroupIndex } from '../../../src/dispatch/group-index';
import { compileRoutes } from '../../../src/dispatch/routes';
import { parseMatcher } from '../../../src/domain/matchers';
import { route } from '../../harness/group-scene';

const below = route({
  groupBy: ['team'],
  routes: [
    route({ groupBy: null, matchers: [parseMatcher('host="a"')], continue: true }),
    route({ groupBy: ['host', 'team'], matchers: [parseMatcher('host=~"a|b"')] }),
  ],
});
const routes = compileRoutes(below);
const labelsOf = (name: string) => ({ alertname: 'Down', host: name[0]!, team: name[1]! });
const NAMES = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'];

type Step = readonly ['add' | 'remove' | 'leave', string];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('add' as const, 'add' as const, 'remove' as const, 'leave' as const),
  fc.constantFrom(...NAMES),
);

it('has the groups that the routes make of the alerts that are there, and no other', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const index = createGroupIndex(routes);
      const model = new Map<string, Set<string>>();
      const known = new Set<string>();
      const drop = (id: string, name: string): void => {
        model.get(id)?.delete(name);
        if (model.get(id)?.size === 0) model.delete(id);
      };
      for (const [what, name] of steps) {
        const places = routes.placesOf(labelsOf(name));
        if (what === 'add') {
          known.add(name);
          for (const { id } of places) model.set(id, (model.get(id) ?? new Set()).add(name));
          expect(index.add(name, labelsOf(name)).map(({ id }) => id)).toEqual(places.map(({ id }) => id));
        } else if (what === 'remove') {
          if (known.delete(name)) places.forEach(({ id }) => drop(id, name));
          index.remove(name);
        } else {
          drop(places[0]!.id, name);
          index.leave(places[0]!.id, name);
        }
        const shown = new Map([...index.groups()].map(({ id, members }) => [id, new Set(members)]));
        expect(shown).toEqual(model);
        for (const each of NAMES)
          expect(index.placesOf(each).map(({ id }) => id)).toEqual(
            known.has(each) ? routes.placesOf(labelsOf(each)).map(({ id }) => id) : [],
          );
      }
    }),
    { seed: 20_260_301 },
  );
});

it('answers a group by its id, with its route and its labels', () => {
  const index = createGroupIndex(routes);
  const [all, own] = index.add('a1', labelsOf('a1'));
  expect(index.group(all!.id)).toMatchObject({ labels: labelsOf('a1'), members: new Set(['a1']) });
  expect(index.group(own!.id)!.labels).toEqual({ host: 'a', team: '1' });
  index.remove('a1');
  expect(index.group(all!.id)).toBeUndefined();
});
