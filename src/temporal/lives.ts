/** Starts alert workflows and tells them what happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isGrpcServiceError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { TocsinError } from '../domain/errors';
import { alertWorkflowId, taskQueueName } from '../domain/identity';
import type { LifePolicy } from '../domain/life';
import type { Transition } from '../domain/transition';
import type { Delivered, Lives } from '../dispatch/port';
import { transitionSignal, type AlertLifeInput } from '../../workflows/messages';
import type { alertWorkflow } from '../../workflows/alert';
import { createPace } from './pace';
import { searchAttributesOf } from './search-attributes';

/** start → already started → signal → not found can go round while runs end; not for long. */
const MAX_ROUNDS = 5;

/** A busy life may need seconds for a burst, so only a far longer pause is taken for one. */
const BURST = { burst: 50, apartMs: 30_000 };
/**
 * A run that is longer has heard its share of messages (MESSAGES_PER_RUN in workflows/alert.ts) and waits for the quiet in
 * which it continues as new. See docs/adr/0007.
 */
const LONG_RUN_EVENTS = 300;
/** With no worker to shorten it, a long run is told all the same. */
const LONGEST_REST_MS = 5_000;

export function createLives(client: Client): Lives {
  const pace = createPace({ ...BURST, rest: (workflowId) => untilShort(client, workflowId) });
  return {
    async deliver(transition, policy): Promise<Delivered> {
      await pace(alertWorkflowId(policy.instance, transition.fingerprint));
      for (let round = 1; ; round++) {
        if (transition.kind === 'firing' && (await started(client, transition, policy))) return 'started';
        if (await signalled(client, transition, policy)) return 'signalled';
        if (transition.kind !== 'firing') return 'no_life';
        if (round === MAX_ROUNDS)
          throw new Error(`alert ${transition.fingerprint}: its runs end faster than they can be told`);
      }
    },
  };
}

async function untilShort(client: Client, workflowId: string): Promise<void> {
  const deadline = Date.now() + LONGEST_REST_MS;
  try {
    while (Date.now() < deadline) {
      const { historyLength } = await client.workflow.getHandle(workflowId).describe();
      if (historyLength <= LONG_RUN_EVENTS) return;
      await sleep(100);
    }
  } catch {
    // There is no life, or no server: the message itself will tell.
  }
}

async function started(client: Client, transition: Transition, policy: LifePolicy): Promise<boolean> {
  try {
    await client.workflow.start<typeof alertWorkflow>('alertWorkflow', {
      ...startOptions({ transition, policy }),
      requestEagerStart: true,
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw asRefusal(error, transition);
  }
}

async function signalled(client: Client, news: Transition, policy: LifePolicy): Promise<boolean> {
  // Only who looks into an alert that fires looks at its last samples.
  const transition = news.kind === 'resolved' ? { ...news, recent: [] } : news;
  const handle = client.workflow.getHandle(alertWorkflowId(policy.instance, transition.fingerprint));
  try {
    await handle.signal(transitionSignal, { transition, policy });
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw asRefusal(error, transition);
  }
}

const INVALID_ARGUMENT = 3;

/** What a server says that has not heard of our search attributes yet: its own matter, not the message's. */
const NOT_KNOWN_YET = /search attribute/i;

/** Temporal takes such a message never, too large or malformed as it is: as TOC_VALUE_REFUSED. */
function asRefusal(error: unknown, { fingerprint }: Transition): unknown {
  const cause = error instanceof ServiceError ? error.cause : error;
  if (!isGrpcServiceError(cause) || Number(cause.code) !== INVALID_ARGUMENT) return error;
  const text = `temporal, alert ${fingerprint}: ${cause.details || cause.message}`;
  if (NOT_KNOWN_YET.test(text)) return error;
  return new TocsinError('TOC_VALUE_REFUSED', text, { cause: error });
}

export function startOptions(input: AlertLifeInput): WorkflowStartOptions<typeof alertWorkflow> {
  const { labels, annotations, fingerprint } = input.transition;
  const where = labels.instance_id ?? labels.instance ?? '';
  return {
    workflowId: alertWorkflowId(input.policy.instance, fingerprint),
    taskQueue: taskQueueName(input.policy.instance, 'lifecycle'),
    args: [input],
    // A worker that is killed holds a workflow task for this long before another gets it.
    workflowTaskTimeout: '5s',
    typedSearchAttributes: searchAttributesOf(labels, 'FIRING'),
    staticSummary: cut(`${labels.alertname ?? fingerprint} ${labels.severity ?? ''} ${where}`, 400),
    staticDetails: cut(annotations.description ?? annotations.summary ?? '', 20_000),
  };
}

/** An alert that fires but whose life has not begun yet begins with the person's action. */
export function withStart(input: AlertLifeInput): WithStartWorkflowOperation<typeof alertWorkflow> {
  return new WithStartWorkflowOperation<typeof alertWorkflow>('alertWorkflow', {
    ...startOptions(input),
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
}

/** The server counts bytes; it may refuse what is longer. */
function cut(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const ellipsis = '…';
  const kept = Buffer.from(text).subarray(0, maxBytes - Buffer.byteLength(ellipsis));
  return new TextDecoder().decode(kept, { stream: true }) + ellipsis;
}
