/** The maintenances of a configuration as a process goes by them. */
import type { Maintenance } from '../../../src/domain/maintenance';
import { configuredMaintenances } from '../../../src/mute/configured';

const named = (name: string): Maintenance => ({
  ...{ id: `configuration/${name}`, name, targets: [name], environments: [], matchers: [], intervals: null },
  ...{ startsAt: null, endsAt: null, createdBy: 'configuration', comment: '' },
});

it('begins with what it has, tells of what has come and gone, and of nothing that is as it was', async () => {
  const heard: string[][] = [];
  const configured = configuredMaintenances([named('a'), named('b')], {
    goBy: async (all, changed) =>
      void heard.push([all, changed].map((each) => each.flatMap(({ targets }) => targets).join())),
  });
  await configured.begin();
  await configured.take([named('b'), named('a')]);
  await configured.take([named('b'), named('c')]);
  expect(heard).toEqual([
    ['a,b', ''],
    ['b,c', 'a,c'],
  ]);
  expect(configured.current()).toEqual([named('b'), named('c')]);
});
