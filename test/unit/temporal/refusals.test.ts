/** What Temporal refuses for good is told apart from a server that is away. */
import { ServiceError, type Client } from '@temporalio/client';
import { createLives } from '../../../src/temporal/lives';
import { policy, transition } from '../../builders/alerts';

/** As the SDK throws it for an answer of the server with this gRPC code. */
function answering(code: number, details = 'blob too large'): Client {
  const cause = Object.assign(new Error('answer'), { code, details, metadata: {} });
  const fail = () => Promise.reject(new ServiceError('Failed to start Workflow', { cause }));
  return { workflow: { start: fail, getHandle: () => ({ signal: fail }) } } as unknown as Client;
}

test.each(['firing', 'resolved'] as const)('%s with an invalid argument is refused', async (kind) => {
  const delivered = createLives(answering(3)).deliver(transition({ kind }), policy());
  await expect(delivered).rejects.toMatchObject({
    code: 'TOC_VALUE_REFUSED',
    message: expect.stringContaining('blob too large') as string,
  });
});

test.each([
  ['a busy server', 8],
  ['a server that is away', 14],
])('%s stays what it is', async (_, code) => {
  const delivered = createLives(answering(code)).deliver(transition(), policy());
  await expect(delivered).rejects.toBeInstanceOf(ServiceError);
});

test('a server that does not know our search attributes yet is asked again', async () => {
  const details = 'Namespace default has no mapping defined for search attribute AlertName';
  const delivered = createLives(answering(3, details)).deliver(transition(), policy());
  await expect(delivered).rejects.toBeInstanceOf(ServiceError);
});
