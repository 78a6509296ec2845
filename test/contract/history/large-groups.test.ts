/** A group may have all alerts of a storm: what was told of it is written within the time that a statement has. */
import { testHistory, type TestHistory } from './test-history';

const MANY = 100_000;
let kept: TestHistory;
beforeEach(async () => (kept = await testHistory()));
afterEach(() => kept.close());

test('one that is told again of tens of thousands, of which some are over', async () => {
  const { history, sql, schema } = kept;
  const all = Array.from({ length: MANY }, (_, n) => n.toString(16).padStart(16, '0'));
  const [gone, ...others] = all;
  const pending = { firing: others.slice(1), resolved: others.slice(0, 1), reason: 'some alerts resolved' };
  await sql.query(
    `insert into ${schema}.group_messages (group_key, integration, firing, resolved, told_at, seq, pending, pending_since, due_at, expires_at)
     values ('key', 'team/webhook/0', $1, '{}', now(), 1, $2, now(), now(), now() + interval '1 day')`,
    [all, JSON.stringify(pending)],
  );
  const [message] = await history.groups.takeMessages(['team/webhook/0'], 1, 60_000);
  await history.groups.finish(message!, { kind: 'sent', at: new Date() });
  expect(await history.groups.allTold()).toMatchObject([{ pending: null, awaited: [gone] }]);
}, 90_000);
