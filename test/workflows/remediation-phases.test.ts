/** The phases of a remediation, told as stories in a scripted world on the server that skips time. */
import { TocsinError } from '../../src/domain/errors';
import type { RemediationResult } from '../../src/domain/remediation';
import { openStage, play, request, VERIFIED, World, type Stage } from './fixtures/remediation-world';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterAll(() => stage?.close());

const run = (world: World, input: unknown): Promise<RemediationResult> => play(stage, world, input);
const stepsOf = (result: RemediationResult): string[] =>
  result.steps.map(({ phase, name, status }) => `${phase}/${name} ${status}`);

describe('a repair that the samples prove', () => {
  it('goes through all phases, changes each thing once and gives everything back', async () => {
    const world = new World();
    const result = await run(world, request());
    expect(result).toMatchObject({
      outcome: 'verified',
      attempted: true,
      dry_run: false,
      residual_risk: 'low',
      runbook: 'two-steps',
    });
    expect(stepsOf(result)).toEqual([
      'guard/permission SUCCESS',
      'guard/runbook guard SUCCESS',
      'snapshot/samples before SUCCESS',
      'act/last look SUCCESS',
      'act/first SUCCESS',
      'act/second SUCCESS',
      'act/act SUCCESS',
      'verify/rule_recovery SUCCESS',
      'verify/runbook_checks SUCCESS',
      'report/report SUCCESS',
    ]);
    expect(result.checks.map(({ type, status }) => [type, status])).toEqual([
      ['rule_recovery', 'PASS'],
      ['extra', 'PASS'],
    ]);
    expect(world.changes()).toEqual(['first', 'second']);
    expect(world.asked.at(-1)).toBe('release db-1 acted');
  });
});

describe('a repair that is not verified', () => {
  const verdicts = {
    'a sample still breaches': { kind: 'breaching', at: 5_000, value: 95, polls: 3 },
    'no sample came after the act': { kind: 'no_sample', polls: 3 },
    'the recovery was shorter than the soak time': { kind: 'soaking', since: 5_000, samples: 1, polls: 3 },
    'the samples cannot be read': { kind: 'unreadable', error: 'Kafka is away', polls: 3 },
  } as const;

  it.each(Object.entries(verdicts))('%s: everything is taken back, last first', async (_name, verdict) => {
    const world = new World();
    world.recovery = () => Promise.resolve(verdict);
    const result = await run(world, request());
    expect(result).toMatchObject({ outcome: 'not_verified', attempted: true, residual_risk: 'medium' });
    expect(result.checks[0]!.status).toBe(
      verdict.kind === 'no_sample' || verdict.kind === 'unreadable' ? 'UNKNOWN' : 'FAIL',
    );
    expect(world.changes()).toEqual(['first', 'second', 'undo second', 'undo first', 'roll all back']);
  });

  it("the runbook's own check fails although the rule has recovered", async () => {
    const world = new World();
    world.rows = (name) => (name === 'look after' ? [{ ok: false }] : [{ count: 1 }]);
    const result = await run(world, request());
    expect(result.outcome).toBe('not_verified');
    expect(world.changes().slice(2)).toEqual(['undo second', 'undo first', 'roll all back']);
  });

  it('an undo that fails does not stop the others, and the risk is high', async () => {
    const world = new World();
    world.recovery = () => Promise.resolve({ kind: 'no_sample', polls: 1 });
    world.perform = (name) =>
      name === 'undo second'
        ? Promise.reject(new TocsinError('TOC_GUARD_REFUSED', 'lease_lost: gone'))
        : Promise.resolve({ attempts: 1 });
    const result = await run(world, request());
    expect(result).toMatchObject({ outcome: 'not_verified', residual_risk: 'high' });
    expect(world.changes()).toEqual(['first', 'second', 'undo second', 'undo first', 'roll all back']);
    expect(stepsOf(result)).toContain('rollback/undo second FAILED');
  });

  it('an act that cannot be taken back is reported as such', async () => {
    const world = new World();
    world.recovery = () => Promise.resolve({ kind: 'no_sample', polls: 1 });
    const result = await run(world, request({ runbook: 'one-way' }));
    expect(result).toMatchObject({ outcome: 'not_verified', residual_risk: 'high' });
    expect(result.steps.find(({ phase }) => phase === 'rollback')).toMatchObject({
      status: 'SKIPPED',
      output: 'what one-way does cannot be taken back',
    });
  });
});

describe('an act that fails half way', () => {
  it('takes back what was done, the failed change included, because it may have happened', async () => {
    const world = new World();
    world.perform = (name) =>
      name === 'second'
        ? Promise.reject(new TocsinError('TOC_DEPENDENCY_AWAY', 'the target is away'))
        : Promise.resolve({ attempts: 1 });
    const result = await run(world, request());
    expect(result).toMatchObject({
      outcome: 'failed',
      attempted: true,
      residual_risk: 'medium',
      reason: 'the target is away',
    });
    expect(world.changes()).toEqual([
      'first',
      'second',
      'second',
      'second',
      'undo second',
      'undo first',
      'roll all back',
    ]);
  });

  it('is told as tried when the kill switch stops the repeat of an attempt that was cut off', async () => {
    const world = new World();
    world.perform = () =>
      Promise.reject(new TocsinError('TOC_ACT_UNKNOWN', 'kill_switch: it is on; cut off'));
    const result = await run(world, request());
    expect(result).toMatchObject({ outcome: 'failed', attempted: true, residual_risk: 'high' });
    expect(result.reason).toMatch(/^kill_switch/);
  });

  it('does not try again what can never succeed', async () => {
    const world = new World();
    const denied = Object.assign(new Error('permission denied'), { code: '42501' });
    world.perform = () => Promise.reject(denied);
    const result = await run(world, request({ runbook: 'one-way' }));
    expect(result).toMatchObject({ outcome: 'failed', reason: 'permission denied' });
    expect(world.changes()).toEqual(['for good']);
  });
});

describe('a remediation that may not act', () => {
  const refuses = async (
    world: World,
    input: unknown,
    reason: RegExp,
    more = {},
  ): Promise<RemediationResult> => {
    const result = await play(stage, world, input, more);
    expect(result).toMatchObject({ outcome: 'refused', attempted: false, residual_risk: null });
    expect(result.reason).toMatch(reason);
    expect(world.changes()).toEqual([]);
    return result;
  };

  it('is refused by the guard, with its reason', async () => {
    const world = new World();
    world.admission = () =>
      Promise.resolve({ allowed: false, reason: 'environment_not_allowed', detail: 'not in production' });
    const result = await refuses(world, request(), /^environment_not_allowed: not in production$/);
    expect(stepsOf(result)[0]).toBe('guard/permission REFUSED');
    expect(world.asked).toEqual(['admit', 'release db-1 unused']);
  });

  it('is refused when the guard cannot be asked', async () => {
    const world = new World();
    world.admission = () => Promise.reject(new Error('no connection'));
    await refuses(world, request(), /^guard_unreadable: no connection$/);
  });

  it("is refused by the runbook's guard, and gives its permit back unused", async () => {
    const world = new World();
    world.rows = () => [{ count: 0, refuse: true }];
    await refuses(world, request(), /^runbook_guard: 0 in trouble$/);
    expect(world.asked.at(-1)).toBe('release db-1 unused');
  });

  it("is refused when the runbook's guard fails", async () => {
    await refuses(
      new World(),
      request({ runbook: 'broken' }),
      /^runbook_guard: the runbook cannot decide: the guard is broken$/,
    );
  });

  it('is refused when the kill switch is thrown between the guard and the act', async () => {
    const world = new World();
    world.confirmation = () =>
      Promise.resolve({ allowed: false, reason: 'kill_switch', detail: 'ada: stop it' });
    await refuses(world, request(), /^kill_switch: ada: stop it$/);
  });

  it('is refused when the kill switch is thrown after the last look', async () => {
    const world = new World();
    world.perform = () =>
      Promise.reject(new TocsinError('TOC_GUARD_REFUSED', 'kill_switch: the kill switch "*" is on'));
    const result = await run(world, request());
    expect(result).toMatchObject({ outcome: 'refused', attempted: false });
    expect(world.changes()).toEqual(['first']);
  });

  it('is refused when no worker was there to begin it in time', async () => {
    const world = new World();
    const startDelay = '3 minutes';
    await refuses(world, request(), /^too_late: it was asked for 1[89]\d s ago/, { startDelay });
    expect(world.asked).toEqual([]);
  });

  it('is refused when it comes to its act too late', async () => {
    const world = new World();
    await refuses(world, request({ runbook: 'slow' }), /^too_late/);
    expect(world.asked.at(-1)).toBe('release db-1 unused');
  });

  it('is refused when no sample shows the trouble', async () => {
    const world = new World();
    world.recent = () => Promise.resolve({ samples: 0, last: null, recovered: false, stale: false });
    await refuses(world, request(), /^no_sample/);
  });

  it('is refused when the last sample is old', async () => {
    const world = new World();
    const last = { at: 1_700_000_000_000, value: 97 };
    world.recent = () => Promise.resolve({ samples: 9, last, recovered: false, stale: true });
    await refuses(
      world,
      request(),
      /^stale_sample: the last sample of connections_used is of 2023-11-14T22:13:20/,
    );
  });

  it('is refused when the samples cannot be read', async () => {
    const world = new World();
    world.recent = () => Promise.reject(new TocsinError('TOC_DEPENDENCY_AWAY', 'Kafka is away'));
    await refuses(world, request(), /^guard_unreadable: .*Kafka is away$/);
  });

  it.each([
    ['an unknown runbook', request({ runbook: 'none-such' }), /^runbook_unknown/],
    ['a rule that says nothing to verify', request({}, { condition: null }), /^unverifiable/],
    [
      'inputs out of bounds',
      request({ inputs: { count: 9 } }),
      /^bad_input: count: 9 is not a whole number from 1 to 5$/,
    ],
    [
      'an unknown input',
      request({ inputs: { cuont: 1 } }),
      /cuont: there is no such input; accepted: count, wait/,
    ],
    ['inputs of the wrong type', request({ inputs: { count: '2', wait: {} } }), /count: .*wait: /],
    ['a soak longer than the verification', request({ soakMs: 90_000 }), /^bad_input: a soak/],
  ])('is refused for %s, before anything is asked', async (_name, input, reason) => {
    const world = new World();
    await refuses(world, input, reason);
    expect(world.asked).toEqual([]);
  });

  it('fails, not hangs, when it is started by hand with nonsense', async () => {
    await expect(run(new World(), { plan: 7 })).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^not a remediation: /) },
    });
  });
});

describe('a trouble that is gone', () => {
  it('is nothing to do when the runbook finds nothing', async () => {
    const world = new World();
    world.rows = () => [{ count: 0 }];
    expect(await run(world, request())).toMatchObject({ outcome: 'nothing_to_do', attempted: false });
    expect(world.changes()).toEqual([]);
  });

  it('is nothing to do when the samples have recovered by themselves', async () => {
    const world = new World();
    world.recent = () =>
      Promise.resolve({ samples: 5, last: { at: 1, value: 10 }, recovered: true, stale: false });
    expect(await run(world, request())).toMatchObject({
      outcome: 'nothing_to_do',
      reason: 'the rule has recovered by itself',
    });
  });

  it('is nothing to do when the change found nothing to change', async () => {
    const world = new World();
    world.perform = () => Promise.resolve({ attempts: 1, rows: [] });
    expect(await run(world, request({ runbook: 'one-way' }))).toMatchObject({
      outcome: 'nothing_to_do',
      attempted: false,
    });
    expect(world.asked).not.toContain('await recovery');
  });

  it('is verified nevertheless when an attempt was cut off before its record', async () => {
    const world = new World();
    world.perform = () => Promise.resolve({ attempts: 2, rows: [] });
    const result = await run(world, request({ runbook: 'one-way' }));
    expect(result).toMatchObject({ outcome: 'verified', attempted: true });
    expect(result.steps.find(({ name }) => name === 'for good')!.output).toMatch(/cut off before its record/);
  });
});

describe('a dry run', () => {
  it('asks every guard, says what it would do, and changes nothing', async () => {
    const world = new World();
    const result = await run(world, request({ dryRun: true }));
    expect(result).toMatchObject({ outcome: 'dry_run', dry_run: true, attempted: false });
    expect(result.reason).toBe('dry run: every guard allows it, and it would run "first"');
    expect(world.asked).toEqual(['admit dry', 'read count trouble', 'recent samples']);
  });

  it('is refused as the real one would be', async () => {
    const world = new World();
    world.admission = () => Promise.resolve({ allowed: false, reason: 'rate_limit', detail: 'too many' });
    expect(await run(world, request({ dryRun: true }))).toMatchObject({ outcome: 'refused', dry_run: true });
  });
});

describe('the wait for samples', () => {
  it('is bound to the act: its time and its deadline', async () => {
    const world = new World();
    const seen: unknown[] = [];
    world.recovery = (watch) => {
      seen.push(watch);
      return Promise.resolve(VERIFIED);
    };
    const before = Date.now();
    await run(world, request());
    const [{ actedAt, deadline, soakMs }] = seen as [{ actedAt: number; deadline: number; soakMs: number }];
    expect(actedAt).toBeGreaterThanOrEqual(before);
    expect(deadline).toBe(actedAt + 60_000);
    expect(soakMs).toBe(1_000);
  });

  it('is taken over when the process that waits fails', async () => {
    const world = new World();
    let attempts = 0;
    world.recovery = () =>
      ++attempts === 1 ? Promise.reject(new Error('the process is gone')) : Promise.resolve(VERIFIED);
    expect((await run(world, request())).outcome).toBe('verified');
    expect(attempts).toBe(2);
  });
});
