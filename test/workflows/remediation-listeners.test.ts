/** Who is told of a remediation, and what a remediation does when it is cut short. */
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { messageOf } from '../../src/domain/errors';
import type { RemediationResult } from '../../src/domain/remediation';
import { joinSignal, phaseQuery } from '../../workflows/messages';
import { waitFor } from '../harness/wait-for';
import { openStage, play, request, VERIFIED, World, type Stage } from './fixtures/remediation-world';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterAll(() => stage?.close());

const start = (name: string, workflowId: string, args: unknown[]): Promise<WorkflowHandle> =>
  stage.env.client.workflow.start(name, { workflowId, taskQueue: stage.taskQueue, args });

/** `heard` is a function because time is skipped while somebody waits for a result. */
const startListening = async (): Promise<{ id: string; heard: () => Promise<RemediationResult> }> => {
  const id = `alert/${randomUUID()}`;
  const handle = await start('listeningWorkflow', id, []);
  return { id, heard: () => handle.result() as Promise<RemediationResult> };
};

/** A gate that a story opens when it has seen enough. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** A remediation that waits at its verification until `finish`. */
async function waitingRemediation(
  alertWorkflowId: string,
): Promise<{ handle: WorkflowHandle; world: World; finish: () => void }> {
  const world = new World();
  const { opened, open } = gate();
  world.recovery = async (_request, onPoll, signal) => {
    const beat = setInterval(() => onPoll({ kind: 'no_sample', polls: 1 }), 100);
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    try {
      await Promise.race([opened, aborted]);
    } finally {
      clearInterval(beat);
    }
    return VERIFIED;
  };
  stage.world = world;
  const handle = await start('remediationWorkflow', `remediation/${randomUUID()}`, [
    request({}, { alertWorkflowId }),
  ]);
  await waitFor(() => world.asked.includes('await recovery'), { what: 'the verification to begin' });
  return { handle, world, finish: open };
}

describe('the result of a remediation', () => {
  it('reaches the alert that asked and every alert that joined, while those that have ended are passed over', async () => {
    const [asking, joining] = await Promise.all([startListening(), startListening()]);
    const { handle, finish } = await waitingRemediation(asking.id);
    await handle.signal(joinSignal, { alertWorkflowId: 'alert/long-gone' });
    await handle.signal(joinSignal, { alertWorkflowId: joining.id });
    await handle.signal('join', 'nonsense sent by hand');
    expect(await handle.query(phaseQuery)).toBe('verify');
    finish();
    const result = (await handle.result()) as RemediationResult;
    expect(result.outcome).toBe('verified');
    expect(await asking.heard()).toEqual(result);
    expect(await joining.heard()).toEqual(result);
    expect(await handle.query(phaseQuery)).toBe('verified');
  });

  it('says in the details what was done, for the Web UI', async () => {
    const { handle, finish } = await waitingRemediation('alert/none');
    finish();
    await handle.result();
    const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(metadata.currentDetails).toMatch(
      /\*\*two-steps\*\* on \*\*db-1\*\*\n\nverified: .*\n\n- guard · permission: \*\*SUCCESS\*\*/,
    );
  });
});

describe('a remediation that is cancelled', () => {
  it('takes back what it did, gives everything back, tells the result, and ends as cancelled', async () => {
    const asking = await startListening();
    const { handle, world } = await waitingRemediation(asking.id);
    await handle.cancel();
    const failure = await handle.result().then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect(messageOf((failure as WorkflowFailedError).cause)).toMatch(/canceled/);
    expect(await asking.heard()).toMatchObject({
      outcome: 'failed',
      reason: 'the remediation was cancelled',
      residual_risk: 'medium',
    });
    expect(world.changes()).toEqual(['first', 'second', 'undo second', 'undo first', 'roll all back']);
    expect(world.asked).toContain('release db-1 acted');
  });
});

describe('an activity that hangs', () => {
  it('is noticed by its missing heartbeats, and the next attempt verifies', async () => {
    const world = new World();
    let attempts = 0;
    const { opened, open } = gate();
    world.recovery = async () => {
      attempts += 1;
      if (attempts === 1) await opened;
      return VERIFIED;
    };
    const result = await play(stage, world, request());
    open();
    expect(attempts).toBe(2);
    expect(result.outcome).toBe('verified');
    expect(world.changes()).toEqual(['first', 'second']);
  });
});
