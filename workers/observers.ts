/** Turns what the rooms tell of themselves into logs and meters. What is told, and when, is theirs to decide. */
import type { CallbackEvent } from '../src/api/callbacks/port';
import type { Artifact } from '../src/domain/artifact';
import { messageOf } from '../src/domain/errors';
import type { RemediationResult } from '../src/domain/remediation';
import type { ShardStatus } from '../src/collect/shard';
import type { SlotClock } from '../src/evaluate/global-host';
import type { EvaluateEvent } from '../src/evaluate/host';
import type { Channel, NotifierEvent } from '../src/notify/port';
import { redactUrl } from '../src/observe/observe';
import { createSeldom } from '../src/observe/seldom';
import type { ActRequest, ActResult, GuardRefusal } from '../src/remediate/port';
import type { StreamEvent } from '../src/stream/events';
import type { Shared } from './compose';

type Sinks = Pick<Shared, 'log' | 'metrics'>;

/** A clock that is wrong, or a backfill, is so with each batch: a line a minute for an instance says it. */
const SAY_AGAIN_AFTER_MS = 60_000;
/** Ids are whatever senders write: of more than so many in a minute, the counters tell. */
const MOST_INSTANCES_SAID = 1_000;
/** Of a difference between clocks. */
const SAID_FROM_MS = 5_000;

export function streamObserver(
  { log, metrics }: Sinks,
  now: () => number = Date.now,
): (event: StreamEvent) => void {
  const isDue = createSeldom({ everyMs: SAY_AGAIN_AFTER_MS, most: MOST_INSTANCES_SAID, now });
  const warnSeldom = (subject: string, event: StreamEvent, line: string): void => {
    if (isDue(subject)) log.warn({ ...event }, line);
  };
  return (event) => {
    switch (event.kind) {
      case 'sent':
        if (event.lane === 'metrics') metrics.samplesPublished.inc(event.messages);
        break;
      case 'batch':
        metrics.consumerLag.set(
          { group: event.group, topic: event.topic, partition: String(event.partition) },
          event.lag,
        );
        break;
      case 'committed':
        metrics.offsetCommits.inc({ group: event.group, outcome: 'ok' });
        break;
      case 'commit_failed':
        metrics.offsetCommits.inc({ group: event.group, outcome: 'failed' });
        log.warn({ ...event }, `offsets of ${event.group} were not committed: ${event.reason}`);
        break;
      case 'dead_letter':
        metrics.deadLetters.inc({ reason: event.reason });
        log[isSaid(event, isDue) ? 'warn' : 'debug'](...deadLetterLine(event));
        break;
      case 'clock_skew':
        metrics.clockSkew.inc({ action: event.action }, event.samples);
        warnSeldom(
          `${event.action} ${event.instanceId}`,
          event,
          `the clock behind ${event.instanceId} is ${seconds(event.aheadMs)} s ahead: its metrics are ${event.action}`,
        );
        break;
      case 'broker_clock':
        metrics.clockAheadSeconds.set(event.aheadMs / 1_000);
        if (Math.abs(event.aheadMs) >= SAID_FROM_MS)
          warnSeldom(
            'own clock',
            event,
            `this machine's clock and Kafka's are ${seconds(Math.abs(event.aheadMs))} s apart: rules are evaluated by Kafka's`,
          );
        break;
      case 'broker_clock_failed':
        log.warn({ ...event }, `kafka does not say its time: ${event.reason}`);
        break;
      case 'topic_made_again':
        log.warn({ ...event }, `${event.topic} was made again: it is read from its beginning`);
        break;
      case 'topic_unled':
        warnSeldom(
          `unled ${event.topic}`,
          event,
          `${event.topic} lacks a leader: it is not read, and what goes by time waits for it. Bring its broker back, or delete it`,
        );
        break;
      case 'records_undated':
        warnSeldom(
          `undated ${event.topic}`,
          event,
          `records of ${event.topic} do not say when they came: set its message.timestamp.type to LogAppendTime, or correct the sender`,
        );
        break;
      case 'late_metrics':
        metrics.lateMetrics.inc(event.samples);
        warnSeldom(
          `late ${event.instanceId}`,
          event,
          `metrics of ${event.instanceId} are up to ${seconds(event.lateMs)} s late: they are not evaluated`,
        );
        break;
      case 'snapshot':
        metrics.snapshots.inc({ outcome: 'written' });
        log.debug({ ...event }, `kafka: ${event.kind}`);
        break;
      case 'snapshot_read':
        metrics.snapshots.inc({ outcome: 'read' });
        log.debug({ ...event }, `partition ${event.partition} goes on with what was known`);
        break;
      case 'snapshot_failed':
        metrics.snapshots.inc({ outcome: 'failed' });
        log.warn({ ...event }, `a snapshot failed, evaluation goes on: ${event.reason}`);
        break;
      case 'topics_bounded':
        log.warn(
          { ...event },
          `${event.topic} is not made: there are ${event.most} like it. ${event.rest} takes the rest`,
        );
        break;
      case 'topic_not_made':
        metrics.topicsNotMade.inc();
        warnSeldom(
          `topic ${event.topic}`,
          event,
          `${event.topic} cannot be made: ${event.reason}. ${event.rest} takes what is for it`,
        );
        break;
      case 'client_log':
        log.debug({ ...event.details }, `kafka: ${event.message}`);
        break;
      case 'send_retry':
      case 'consumer_restarting':
      case 'batch_retry':
        log.warn({ ...event }, `kafka: ${event.kind.replace('_', ' ')}: ${event.reason}`);
        break;
      default:
        log.debug({ ...event }, `kafka: ${event.kind}`);
    }
  };
}

/** What a sender wrote may stand in it. */
const LONGEST_PROBLEM = 200;
const MOST_PROBLEMS_SAID = 10;

function inOneLine(problem: string): string {
  const clean = problem.slice(0, LONGEST_PROBLEM).replace(/[\s\p{Cc}]+/gu, ' ');
  return problem.length <= LONGEST_PROBLEM ? clean : `${clean}…`;
}

type DeadLetterEvent = Extract<StreamEvent, { kind: 'dead_letter' }>;

/** The line of its instance says that a clock is ahead; the first of a kind stands for those that follow. */
const isSaid = ({ topic, reason }: DeadLetterEvent, isDue: (subject: string) => boolean): boolean =>
  reason !== 'clock_skew' && isDue(`dead ${topic} ${reason}`);

function deadLetterLine(event: DeadLetterEvent): [object, string] {
  const problems = event.problems.slice(0, MOST_PROBLEMS_SAID).map(inOneLine);
  return [
    { ...event, problems },
    `a message of ${event.topic} became a dead letter: ${problems[0] ?? event.reason}`,
  ];
}

const seconds = (ms: number): number => Math.round(ms / 1_000);

/** What a shard's run tells every few seconds, of one run: what was lost since the last time. */
export function shardObserver({ log, metrics }: Sinks, shard: string): (status: ShardStatus) => void {
  let [dropped, refused] = [0, 0];
  return (status) => {
    const reason = reasonOf(status.error);
    if (status.dropped > dropped) {
      const samples = status.dropped - dropped;
      metrics.samplesDropped.inc({ reason: 'no_room' }, samples);
      log.warn({ shard, samples, reason }, `${samples} samples were dropped for want of room: ${reason}`);
    }
    if (status.refused > refused) {
      const samples = status.refused - refused;
      metrics.samplesDropped.inc({ reason: 'refused' }, samples);
      const refusal = reasonOf(status.refusal);
      log.warn({ shard, samples, reason: refusal }, `${samples} samples were refused for good: ${refusal}`);
    }
    ({ dropped, refused } = status);
  };
}

const reasonOf = (error: unknown): string | null => (error === null ? null : redactUrl(messageOf(error)));

export function evaluateObserver(
  { log, metrics }: Sinks,
  now: () => number = Date.now,
): (event: EvaluateEvent) => void {
  const isDue = createSeldom({ everyMs: SAY_AGAIN_AFTER_MS, most: MOST_ALERTS_SAID, now });
  return (event) => {
    if (event.kind === 'transition') {
      metrics.transitionsPublished.inc({ kind: event.transition, source: 'evaluator' });
      metrics.evaluationSeconds.observe(Math.max(0, event.latencyMs) / 1_000);
      log.info({ ...event, correlation_id: event.correlationId }, `${event.rule}: ${event.transition}`);
    } else if (event.kind === 'transition_refused') {
      const { group, rule, transition, problem } = event;
      metrics.transitionsRefused.inc({ rule, kind: transition });
      if (isDue(`${transition} ${event.fingerprint}`))
        log.error(
          { ...event, correlation_id: event.correlationId },
          `${group}/${rule}: nobody is told that an alert is ${transition}: ${problem}. ${TO_BE_TOLD}`,
        );
    } else if (event.kind === 'shared_refused') {
      const { slot, partition, samples, problem } = event;
      metrics.sharedRefused.inc(samples);
      if (isDue(`slot ${slot}`))
        log.error(
          { ...event },
          `rules across instances lack ${samples} samples of partition ${partition}: ${problem}. ${TO_BE_GIVEN}`,
        );
    } else if (event.kind === 'shadow_transition') {
      metrics.shadowTransitions.inc({ rule: event.rule, kind: event.transition });
      log.debug({ ...event }, `${event.rule}, on trial: ${event.transition}`);
    } else if (event.kind === 'late') metrics.samplesLate.inc();
    else if (event.kind === 'series_refused') {
      metrics.seriesRefused.inc();
      if (event.first)
        log.warn({ ...event }, `${event.metric} has too many series: new ones are not evaluated`);
    } else if (event.kind === 'rule_error') {
      const { group, rule, error } = event;
      if (error === null) log.info({ ...event }, `${group}/${rule} is evaluated again`);
      else log.warn({ ...event }, `${group}/${rule} cannot be evaluated: ${error}`);
    } else if (event.kind === 'derived_dropped') {
      metrics.derivedDropped.inc(event.metrics);
      log.warn(
        { ...event },
        `${event.metrics} metrics that rules have made were not published: ${event.problem}`,
      );
    } else log.debug({ ...event }, `evaluate: ${event.kind}`);
  };
}

/** An alert of which nobody is told has its line; of more than so many in a minute, the counter tells. */
const MOST_ALERTS_SAID = 1_000;
const TO_BE_TOLD =
  "Shorten the rule's labels, or those of its series, or raise max.message.bytes of the topic; then restart the evaluator.";

const TO_BE_GIVEN = 'Raise max.message.bytes of gds.evaluate.shared.*, or shorten the tags.';

const SLOT_MAY_LAG_MS = 60_000;

/** Of the global groups that a process has: how far they are behind, and once when that is for long. */
export function slotObserver({ log, metrics }: Sinks): (slots: readonly SlotClock[], now: number) => void {
  /** Since when each slot is here, and whether it was said that it waits. */
  const known = new Map<number, { readonly since: number; waits: boolean }>();
  return (slots, now) => {
    metrics.globalLagSeconds.reset();
    for (const slot of known.keys()) if (!slots.some((each) => each.slot === slot)) known.delete(slot);
    for (const { slot, time, slowest } of slots) {
      const here = known.get(slot) ?? { since: now, waits: false };
      known.set(slot, here);
      const lag = Math.max(0, now - (time === -Infinity ? here.since : time));
      metrics.globalLagSeconds.set({ slot: String(slot) }, lag / 1_000);
      const waits = lag > SLOT_MAY_LAG_MS;
      if (waits && !here.waits)
        log.warn({ slot, partition: slowest, lag_ms: lag }, `global groups wait for partition ${slowest}`);
      here.waits = waits;
    }
  };
}

/** Which alert something was done for. */
interface About {
  readonly fingerprint: string;
  readonly episode: number;
  readonly correlationId?: string;
}

const aboutOf = ({ fingerprint, episode, correlationId }: About) => ({
  fingerprint,
  episode,
  correlation_id: correlationId,
});

export function enrichmentObserver({ log, metrics }: Sinks) {
  return (about: About, artifacts: readonly Artifact[]): void => {
    for (const { provider, status, duration_ms: ms, error } of artifacts) {
      metrics.enrichments.inc({ provider, status });
      metrics.enrichmentSeconds.observe({ provider }, ms / 1_000);
      const level = status === 'ok' ? 'debug' : 'warn';
      log[level](
        { ...aboutOf(about), provider, status, ms, reason: error },
        `enrichment: ${provider} ${status}`,
      );
    }
  };
}

export function refusalObserver({ log, metrics }: Sinks): (refusal: GuardRefusal) => void {
  return ({ runbook, reason, detail, correlationId }) => {
    metrics.guardRefusals.inc({ runbook, reason });
    log.warn({ runbook, reason, detail, correlation_id: correlationId }, `${runbook} is refused: ${reason}`);
  };
}

/** A change of a target is never without its line. */
export function actObserver({ log }: Sinks): (request: ActRequest, result: ActResult) => void {
  return (request, { rows, attempts }) => {
    const { remediationId, runbook, target, statement } = request;
    log.info(
      { ...aboutOf(request), remediation_id: remediationId, runbook, target, attempts, rows: rows.length },
      `${runbook} has run "${statement.name}" on ${target}`,
    );
  };
}

export function remediationObserver({ log, metrics }: Sinks) {
  return (
    { remediation_id: id, runbook, target, outcome, reason }: RemediationResult,
    about: About,
  ): void => {
    metrics.remediations.inc({ runbook, outcome });
    log.info(
      { ...aboutOf(about), remediation_id: id, runbook, target, outcome, reason },
      `${runbook} on ${target}: ${outcome}`,
    );
  };
}

export function notifierObserver({ metrics }: Sinks): (event: NotifierEvent) => void {
  return (event) => {
    if (event.kind === 'circuit') {
      metrics.breakerOpen.set({ destination: event.destination }, event.state === 'closed' ? 0 : 1);
      return;
    }
    const { receiver, kind, latencyMs } = event;
    if (kind === 'retry') metrics.notificationRetries.inc({ receiver });
    else metrics.notifications.inc({ receiver, outcome: kind });
    if (kind === 'sent')
      metrics.notificationDelaySeconds.observe({ receiver }, Math.max(0, latencyMs) / 1_000);
  };
}

export function callbackObserver({ metrics }: Pick<Sinks, 'metrics'>): (event: CallbackEvent) => void {
  return ({ service, outcome }) => metrics.callbacks.inc({ service, outcome });
}

/** The channel, with each attempt's time taken. */
export function timedChannel(
  { metrics }: Pick<Shared, 'metrics'>,
  receiver: string,
  channel: Channel,
): Channel {
  return {
    ...channel,
    async send(message, signal) {
      const end = metrics.notificationSeconds.startTimer({ receiver });
      try {
        return await channel.send(message, signal);
      } finally {
        end();
      }
    },
  };
}
