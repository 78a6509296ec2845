/** Chains with conditions and schedules, lived on a server: what is counted and asked is done by activities. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { EscalationLevel } from '../../src/domain/escalation';
import { escalateUpdate } from '../../workflows/messages';
import { MINUTE } from '../builders/alerts';
import { skippingWorld, type World } from './world';

const level = (name: string, more: Partial<EscalationLevel> = {}): EscalationLevel => ({
  ...{ name, receivers: [name], timeoutMs: 15 * MINUTE },
  ...more,
});
const chain = (levels: readonly EscalationLevel[]) => ({
  escalation: { name: 'dba', delayMs: 5 * MINUTE, repeat: 0, levels, groupBy: ['story'] },
});

describe.each([
  ['kept in the cache', 200],
  ['replayed at every task', 0],
])('a life that is %s', (_, maxCachedWorkflows) => {
  let world: World;
  let env: TestWorkflowEnvironment;
  /** Each count that was asked for, and what it is answered: per group. */
  const counted: string[] = [];
  const open = new Map<string, number | null>();
  const activities = {
    async countOpenAlerts([matcher]: { name: string; value: string }[]) {
      const group = `${matcher!.name}=${matcher!.value}`;
      counted.push(group);
      return open.get(group) ?? null;
    },
  };
  beforeAll(async () => ({ world, env } = await skippingWorld({ maxCachedWorkflows, activities })));
  afterAll(() => world.close());

  it('counts the open alerts of its group when a level’s turn comes, and skips it where there are too few', async () => {
    const alert = world.alert(chain([level('one'), level('many', { when: { alerts: 3 } }), level('three')]));
    const group = `story=${alert.transition().labels['story']}`;
    open.set(group, 2);
    await alert.deliver();
    await env.sleep(21 * MINUTE);
    expect(alert.messages()).toEqual(['escalate-1>one', 'escalate-3>three']);
    expect(new Set(counted.filter((each) => each === group)).size).toBe(1);
    expect(alert.timeline().map(({ text }) => text)).toContain(
      'level 2, many, was skipped: 2 of at least 3 alerts are open',
    );
  });

  it('tells it where there are enough, or nobody can count', async () => {
    const enough = world.alert(chain([level('many', { when: { alerts: 3 } })]));
    const unknown = world.alert(chain([level('many', { when: { alerts: 3 } })]));
    open.set(`story=${enough.transition().labels['story']}`, 3);
    await enough.deliver();
    await unknown.deliver();
    await env.sleep(6 * MINUTE);
    expect([enough.messages(), unknown.messages()]).toEqual([['escalate-1>many'], ['escalate-1>many']]);
  });

  it('asks whoever writes it down for the people of a level, and by hand likewise', async () => {
    const alert = world.alert(chain([level('one', { receivers: [], schedules: ['dba'] }), level('two')]));
    await alert.deliver();
    await alert.handle.executeUpdate(escalateUpdate, { args: [{ owner: 'eve' }] });
    await env.sleep(16 * MINUTE);
    // This world knows no schedules: somebody is told all the same.
    expect(alert.messages()).toEqual(['escalate-1>service', 'escalate-2>two']);
    expect(alert.timeline().map(({ key }) => key)).toContain('on_call:escalate-1');
  });
});
