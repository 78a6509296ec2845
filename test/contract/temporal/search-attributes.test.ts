/** A namespace that has never seen us: once its attributes are ensured, the first alert is taken. */
import { connectClient } from '../../../src/temporal/client';
import { startOptions } from '../../../src/temporal/lives';
import { ensureSearchAttributes } from '../../../src/temporal/search-attributes';
import { policy, transition } from '../../builders/alerts';
import { testServers, uniqueInstance } from '../../harness/servers';
import { waitFor } from '../../harness/wait-for';

test('an alert begins its life as soon as the attributes are ensured', async () => {
  const namespace = uniqueInstance();
  const { client, close } = await connectClient({ address: testServers().temporal, namespace });
  try {
    await client.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    const there = () =>
      client.workflow.count().then(
        () => true,
        () => false,
      );
    await waitFor(there, { what: 'the new namespace' });
    await ensureSearchAttributes(client, namespace);
    const input = { transition: transition(), policy: policy({ instance: namespace }) };
    const { workflowId } = await client.workflow.start('alertWorkflow', startOptions(input));
    expect((await client.workflow.getHandle(workflowId).describe()).status.name).toBe('RUNNING');
    // A second process finds them there.
    await ensureSearchAttributes(client, namespace);
  } finally {
    await close();
  }
});
