/** Names that several processes agree on: with and without an instance, and within Temporal's bounds. */
import fc from 'fast-check';
import {
  alertWorkflowId,
  collectWorkflowId,
  groupName,
  messageId,
  remediationWorkflowId,
  schemaName,
  taskQueueName,
  topicName,
} from '../../../src/domain/identity';

const FINGERPRINT = '0123456789abcdef';

test('the default instance leaves no prefix, so the names of the requirements hold as written', () => {
  expect(topicName('', 'gds.alerts')).toBe('gds.alerts');
  expect(groupName('', 'gds-alerting-default')).toBe('gds-alerting-default');
  expect(alertWorkflowId('', FINGERPRINT)).toBe(`alert/${FINGERPRINT}`);
  expect(taskQueueName('', 'lifecycle')).toBe('tocsin-lifecycle');
  expect(schemaName('')).toBe('tocsin');
});

test('an instance prefixes everything that is shared', () => {
  expect(topicName('blue', 'gds.alerts')).toBe('blue.gds.alerts');
  expect(groupName('blue', 'gds-alerting-default')).toBe('blue.gds-alerting-default');
  expect(alertWorkflowId('blue', FINGERPRINT)).toBe(`blue/alert/${FINGERPRINT}`);
  expect(remediationWorkflowId('blue', 'prod-db-01')).toBe('blue/remediation/prod-db-01');
  expect(collectWorkflowId('blue', 'default')).toBe('blue/collect/default');
  expect(taskQueueName('blue', 'effects')).toBe('blue/tocsin-effects');
  expect(schemaName('blue')).toBe('tocsin_blue');
});

test('a schema is named in characters that need no quotes', () => {
  expect(schemaName('Blue-Green')).toBe('tocsin_blue_green');
});

test('a target whose name is long or has other characters is named by a hash, always the same', () => {
  const odd = remediationWorkflowId('', 'db one/with spaces');
  expect(odd).toMatch(/^remediation\/[0-9a-f]{16}$/);
  expect(remediationWorkflowId('', 'db one/with spaces')).toBe(odd);
  expect(remediationWorkflowId('', 'db two/with spaces')).not.toBe(odd);
});

test('whatever the target is called, the id stays under 200 bytes', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 5_000, unit: 'binary' }), (target) => {
      expect(Buffer.byteLength(remediationWorkflowId('a'.repeat(40), target))).toBeLessThan(200);
    }),
  );
});

test('a message id says which alert, which episode and which step', () => {
  expect(messageId(FINGERPRINT, 1_767_225_600_000, 'escalate-2')).toBe(
    `${FINGERPRINT}:1767225600000:escalate-2`,
  );
});
