/** A person's action reaches the life that runs; begins one that has not begun only where its policy is known. */
import {
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import type { LifePolicy } from '../../../src/domain/life';
import { createActions } from '../../../src/temporal/actions';
import { policy } from '../../builders/alerts';
import { alertRow } from '../cli/fake-context';

const answer = { state: 'ACKNOWLEDGED', message: 'held' };

/** A server on which a life runs, or none. */
function server(runs: boolean) {
  const calls: string[] = [];
  const client = {
    withDeadline: (_deadline: number, work: () => unknown) => work(),
    workflow: {
      getHandle: (workflowId: string) => ({
        async executeUpdate(name: string) {
          calls.push(`${name} ${workflowId}`);
          if (!runs) throw new WorkflowNotFoundError('not found', workflowId, undefined);
          return answer;
        },
      }),
      async executeUpdateWithStart(name: string) {
        calls.push(`${name} with start`);
        return answer;
      },
    },
  } as unknown as Client;
  const act = (policyFor: (() => LifePolicy) | null, state: 'FIRING' | 'RESOLVED' = 'FIRING') =>
    createActions({ client, instance: 'x', policyFor, timeoutMs: 1_000 }).acknowledge(alertRow({ state }), {
      owner: 'ada',
    });
  return { calls, act };
}

test('with the configuration, a life that has not begun begins with the action', async () => {
  const { calls, act } = server(false);
  expect(await act(() => policy())).toEqual(answer);
  expect(calls).toEqual(['acknowledge with start']);
});

test('without it, a life that runs is told', async () => {
  const { calls, act } = server(true);
  expect(await act(null)).toEqual(answer);
  expect(calls).toEqual([`acknowledge x/alert/${alertRow().fingerprint}`]);
});

test('without it, one that has not begun is not begun, and the person is told so', async () => {
  const { calls, act } = server(false);
  await expect(act(null)).rejects.toMatchObject({
    code: 'TOC_ILLEGAL_MOVE',
    message: expect.stringMatching(/has not begun yet.*--config/),
  });
  expect(calls).toHaveLength(1);
});

test('one that has ended is never begun by an action', async () => {
  const { act } = server(false);
  await expect(act(() => policy(), 'RESOLVED')).rejects.toMatchObject({
    code: 'TOC_ILLEGAL_MOVE',
    message: expect.stringContaining('its life has ended'),
  });
});

test('where nobody answers, the person is told which processes would', async () => {
  const silent = new WorkflowUpdateRPCTimeoutOrCancelledError('no answer in time');
  const client = {
    withDeadline: () => Promise.reject(silent),
  } as unknown as Client;
  const actions = createActions({ client, instance: 'blue', policyFor: null, timeoutMs: 1_000 });
  await expect(actions.acknowledge(alertRow(), { owner: 'ada' })).rejects.toMatchObject({
    code: 'TOC_DEPENDENCY_AWAY',
    message: `no process of instance blue answered for alert ${alertRow().fingerprint} within 1000 ms; is \`tocsin serve\` or \`tocsin start dispatcher\` running?`,
  });
});
