/** Who blocks whom, as a tree with the first blockers at its roots. */
import { blockingTree, type BlockNode } from '../../../src/enrich/providers/postgres-blockers';

const session = (pid: number, blocked_by: number[] | null = null) => ({
  pid,
  blocked_by,
  query: `query of ${pid}`,
});
/** `1(2(3), 4)` */
const shape = (nodes: readonly BlockNode[]): string =>
  nodes
    .map(
      ({ pid, blocks, shown_above }) =>
        `${pid}${shown_above ? '^' : ''}${blocks.length ? `(${shape(blocks)})` : ''}`,
    )
    .join(', ');

it.each([
  ['nobody waits', [], ''],
  ['a chain', [session(3, [2]), session(2, [1]), session(1)], '1(2(3))'],
  ['one blocks many', [session(1), session(2, [1]), session(3, [1])], '1(2, 3)'],
  ['many block one', [session(1), session(2), session(3, [1, 2])], '1(3), 2(3^)'],
  ['a blocker is named twice, as parallel workers are', [session(1), session(2, [1, 1])], '1(2)'],
  ['a circle', [session(1, [2]), session(2, [1])], '1(2(1^))'],
  [
    'a circle beside a chain',
    [session(5), session(6, [5]), session(1, [2]), session(2, [1])],
    '5(6), 1(2(1^))',
  ],
])('%s', (_name, rows, tree) => {
  expect(shape(blockingTree(rows))).toBe(tree);
});

it('keeps the facts of each session, its query masked', () => {
  const rows = [{ ...session(1), user: 'app', query: "alter role x password 'hunter2'" }];
  expect(blockingTree(rows)).toEqual([
    { pid: 1, user: 'app', query: "alter role x password '***'", blocks: [] },
  ]);
});
