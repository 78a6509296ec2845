/**
 * What is told only to see whether it arrives: tests and drills. They take the channels that real messages take, past routes,
 * groups and mutes, and say of themselves that nothing is wrong. What they open at a service they also close.
 */
import { fnv1a64, fingerprint, type Labels } from '../domain/labels';
import type { AlertRow } from '../history/port';
import { buildPayload } from './payload';
import type { Channel, Delivery, GroupAlert, Integration, Memory, NotificationReason } from './port';

export interface Notice {
  /** Its labels say what it is; with `at` they are its identity: told again, it is the same. */
  readonly labels: Labels;
  /** Milliseconds. */
  readonly at: number;
  /** In the keys of its messages. */
  readonly step: string;
  readonly summary: string;
  readonly description: string;
}

/** One way of one receiver. */
export interface NoticeWay {
  readonly receiver: string;
  readonly kind: string;
  /** Among the ways of its receiver, also from one process to the next. */
  readonly name: string;
  readonly timeoutMs: number;
  /** Whether it hears of the end, too. */
  readonly tellsEnd: boolean;
  /** `attempts`: how often it was tried before. */
  begin(notice: Notice, attempts: number, signal: AbortSignal): Promise<Delivery>;
  /** `memory`: what the beginning kept. */
  end(notice: Notice, memory: Memory, attempts: number, signal: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
}

/** What they open stays open until they are told of its end, whether their receiver wants to hear of ends or not. */
const OPENS: ReadonlySet<string> = new Set([...['pagerduty', 'opsgenie', 'victorops', 'incidentio', 'jira']]);

export interface ChannelWay {
  readonly receiver: string;
  readonly channel: Channel;
  readonly routingKey: string | null;
  readonly sendResolved: boolean;
  readonly timeoutMs: number;
}

export function channelWay(options: ChannelWay): NoticeWay {
  const { receiver, channel, routingKey, timeoutMs, sendResolved } = options;
  const { kind } = channel;
  const send = (row: AlertRow, notice: Notice, step: string, memory: Memory, attempts: number) => {
    const facts = { alert: row, artifacts: [], remediation: null, underWay: null, related: [] };
    const { fingerprint, episode } = row;
    const messageId = `${fingerprint}:${episode}:${step}`;
    const now = new Date();
    const payload = {
      ...buildPayload(facts, { messageId, step, routingKey, onCallPerson: null, now }),
      subject: subjectOf(notice, row.state === 'RESOLVED'),
      body_text: `${notice.summary}\n\n${notice.description}`,
    };
    return { payload, fingerprint, episode, step, attempts, memory, alerts: [row] };
  };
  return {
    ...{ receiver, kind, name: kind, timeoutMs },
    // Nobody is rung up to hear that there is nothing to do.
    tellsEnd: OPENS.has(kind) || (sendResolved && channel.interrupts !== true),
    begin: (notice, attempts, signal) =>
      channel.send(send(rowOf(notice, false), notice, notice.step, {}, attempts), signal),
    end: (notice, memory, attempts, signal) =>
      channel.send(send(rowOf(notice, true), notice, 'resolved', memory, attempts), signal),
    close: () => channel.close(),
  };
}

/** A call reads out what stands behind the colon. */
const subjectOf = ({ labels, summary }: Notice, isOver: boolean): string =>
  isOver ? `[OVER] ${labels['alertname']}: it is over` : `[TEST] ${labels['alertname']}: ${summary}`;

const annotationsOf = ({ summary, description }: Notice): Labels => ({ summary, description });

function rowOf(notice: Notice, isOver: boolean): AlertRow {
  const { labels, at } = notice;
  const startsAt = new Date(at).toISOString();
  return {
    ...{ fingerprint: fingerprint(labels), labels, annotations: annotationsOf(notice), episode: at },
    ...{ state: isOver ? 'RESOLVED' : 'FIRING', fireCount: 1, startsAt },
    endsAt: isOver ? new Date().toISOString() : null,
    ...{ value: null, threshold: null, eventTime: at, rule: null, condition: null },
    ...{ cooldownMs: null, runbook: null, recent: [], correlationId: `${notice.step}-${at.toString(36)}` },
    ...{ acknowledgement: null, resolvedBy: null, quietUntil: null, expiresAt: null, timedOut: false },
    generatorUrl: '',
  };
}

export function integrationWay(integration: Integration, timeoutMs: number): NoticeWay {
  const { receiver, kind, index, sendResolved } = integration;
  const notify = (
    notice: Notice,
    alert: GroupAlert,
    reason: NotificationReason,
    memory: Memory,
    signal: AbortSignal,
  ): Promise<Delivery> => {
    const { labels, at } = notice;
    const { alertname = '' } = labels;
    // A group of its own: at a service it touches nothing that alerts have opened.
    const groupKey = `{}/{test="${fingerprint(labels)}-${at}-${notice.step}"}:{alertname="${alertname}"}`;
    const key = fnv1a64(`${groupKey} ${receiver}/${kind}/${index} ${alert.status}`);
    return integration.notify(
      {
        ...{ key, groupKey, receiver, groupLabels: { alertname }, routeLabels: {}, alerts: [alert] },
        ...{ at, reason, memory },
      },
      signal,
    );
  };
  const alertOf = (notice: Notice): GroupAlert => ({
    ...{ fingerprint: fingerprint(notice.labels), status: 'firing', labels: notice.labels },
    annotations: annotationsOf(notice),
    ...{ startsAt: new Date(notice.at).toISOString(), endsAt: null, generatorUrl: '' },
  });
  return {
    ...{ receiver, kind, name: `${kind}/${index}`, timeoutMs },
    tellsEnd: OPENS.has(kind) || sendResolved,
    begin: (notice, _, signal) => notify(notice, alertOf(notice), 'first notification', {}, signal),
    end(notice, memory, _, signal) {
      const over: GroupAlert = {
        ...alertOf(notice),
        ...{ status: 'resolved', endsAt: new Date().toISOString() },
      };
      return notify(notice, over, 'all alerts resolved', memory, signal);
    },
    close: () => integration.close(),
  };
}
