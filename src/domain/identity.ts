/**
 * Names that several processes have to agree on. `instance` lets several systems share servers; the default instance
 * is empty and leaves no prefix, so the requirements' topic and group names hold as written.
 */
import { fnv1a64 } from './labels';

/** Temporal ids of 256 characters or more look like an outage on Postgres; ids here hold hashes and stay far below. */
const prefixed = (instance: string, separator: string, name: string): string =>
  instance === '' ? name : `${instance}${separator}${name}`;

export const alertWorkflowId = (instance: string, fingerprint: string): string =>
  prefixed(instance, '/', `alert/${fingerprint}`);

export const remediationWorkflowId = (instance: string, target: string): string =>
  prefixed(instance, '/', `remediation/${/^[\w.-]{1,80}$/.test(target) ? target : fnv1a64(target)}`);

export const collectWorkflowId = (instance: string, shard: string): string =>
  prefixed(instance, '/', `collect/${shard}`);

/** The auditor's Schedule, and its runs. */
export const auditWorkflowId = (instance: string): string => prefixed(instance, '/', 'audit');

/** The Schedule of a drill, and its runs. */
export const drillWorkflowId = (instance: string, drill: string): string =>
  prefixed(instance, '/', `drill/${drill}`);

/** A Temporal task queue; `role` is lifecycle, effects, collection or audit. */
export const taskQueueName = (instance: string, role: string): string =>
  prefixed(instance, '/', `tocsin-${role}`);

/** Topics and consumer groups: `gds.alerts`, `gds.metrics.…`, `gds-alerting-…`; with an instance, `{instance}.gds.…`. */
export const topicName = (instance: string, name: string): string => prefixed(instance, '.', name);
export const groupName = (instance: string, name: string): string => prefixed(instance, '.', name);

/** The Postgres schema of an instance. */
export const schemaName = (instance: string): string =>
  instance === '' ? 'tocsin' : `tocsin_${instance.replace(/[^a-z0-9_]/gi, '_').toLowerCase()}`;

const SILENCE_ENDS = 'silence-ends-';

/** The step of a reminder that a silence ends: another one for another end. */
export const silenceEndsStep = (id: string, endsAt: number): string => `${SILENCE_ENDS}${id}-${endsAt}`;

/** When the silence ends of which this step reminds, milliseconds; null for any other step. */
export const silenceEndOf = (step: string): number | null =>
  step.startsWith(SILENCE_ENDS) ? Number(step.slice(step.lastIndexOf('-') + 1)) : null;

/** An alert's episode as it travels to a service and comes back from there: in a button, an address, a key. */
export const episodeRef = (fingerprint: string, episode: number): string => `${fingerprint}:${episode}`;

/** Null for what is none: it comes from outside. */
export function parseEpisodeRef(text: string): { fingerprint: string; episode: number } | null {
  const found = /^([0-9a-f]{16}):(\d{1,15})$/.exec(text);
  return found === null ? null : { fingerprint: found[1]!, episode: Number(found[2]) };
}

/** The key under which a paging service keeps an episode of ours as one incident of its own. */
export const incidentKey = (instance: string, fingerprint: string, episode: number): string =>
  `tocsin:${instance}:${episodeRef(fingerprint, episode)}`;

/** Null for another instance's, and for what is none of ours. */
export function episodeOfIncident(instance: string, key: string): ReturnType<typeof parseEpisodeRef> {
  const prefix = `tocsin:${instance}:`;
  return key.startsWith(prefix) ? parseEpisodeRef(key.slice(prefix.length)) : null;
}

/** The idempotency key of one message: `fire`, `escalate-2`, `remediated-1`, `resolved`, `silence-ends-…`. */
export const messageId = (fingerprint: string, episode: number, step: string): string =>
  `${fingerprint}:${episode}:${step}`;

/** Of an integration's name, `receiver/kind/index`; a receiver's name may have slashes of its own. */
export const receiverOf = (integration: string): string => integration.replace(/\/[^/]*\/[^/]*$/, '');
