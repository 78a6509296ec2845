/**
 * One alert's durable life, from its first firing until it is resolved and has cooled down: it writes down what
 * happens, enriches, remediates through a child workflow, escalates on durable timers, and lets people act. It leaves
 * the decisions to `alert/life.ts`, and the first page to the dispatcher, so that a slow life never delays a page.
 *
 * One run at a time has the id `{instance}/alert/{fingerprint}`. A run that has heard its share of messages continues as
 * new in the first moment of quiet.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  sleep,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
  ApplicationFailure,
  uuid4,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { BookkeepingActivities } from '../activities/bookkeeping';
import type { EnrichmentActivities } from '../activities/enrichment';
import { remediationWorkflowId, taskQueueName } from '../src/domain/identity';
import { messageOf, TocsinError } from '../src/domain/errors';
import type { ActionAnswer, LifePolicy, SilenceRequest, UnsilenceRequest } from '../src/domain/life';
import { matchersOf } from '../src/domain/exact-matchers';
import type { RemediationPlan, RemediationResult } from '../src/domain/remediation';
import type { Transition } from '../src/domain/transition';
import { UNTIL_RESOLVED_MS, untilResolvedComment } from '../src/domain/until-resolved';
import { checkResult, checkTransition, checkUndelivered, malformedInput } from './alert/deliveries';
import { detailsOf } from './alert/details';
import { AlertLife } from './alert/life';
import {
  checkAcknowledge,
  checkOwned,
  checkSilence,
  FORMS,
  refuseSilence,
  type Checked,
} from './alert/requests';
import * as messages from './messages';
import type { remediationWorkflow } from './remediation';
import { causeOf } from './remediation/record';

const bookkeeping = proxyActivities<BookkeepingActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '500ms', maximumInterval: '15s' },
});
/** One attempt: a local activity that is retried blocks Updates. When it fails, the ordinary one takes over. */
const localBookkeeping = proxyLocalActivities<BookkeepingActivities>({
  startToCloseTimeout: '1s',
  scheduleToCloseTimeout: '1s',
  retry: { maximumAttempts: 1 },
});

/**
 * Bounds what a worker has to replay when it does not have the run in its cache. Each message costs the SDK some 2 ms, and
 * a task that takes longer than its 5 s is given away again, for ever: this leaves a busy machine room. LONG_RUN_EVENTS in
 * src/temporal/lives.ts follows from it; see docs/adr/0007.
 */
const MESSAGES_PER_RUN = 100;
const EVENTS_PER_RUN = 2_000;
/**
 * A task that ends its run is thrown away when a message has come in meanwhile, and the next one has to replay it all. So
 * a full run waits until nobody has said anything for so long.
 */
const QUIET_MS = 50;
/** As many as are surely written within the time of one attempt. */
const RECORDS_AT_A_TIME = 20;
const ALERT_STATE = defineSearchAttributeKey('AlertState', 'KEYWORD');

export async function alertWorkflow(input: messages.AlertLifeInput): Promise<void> {
  const problem = malformedInput(input);
  if (problem !== null) throw ApplicationFailure.nonRetryable(`not an alert: ${problem}`, 'BadInput');
  return new AlertRun(input).live();
}

/** Binds a life to Temporal: handlers, activities, children, timers. */
class AlertRun {
  private readonly life: AlertLife;
  private messages = 0;
  /** When the last message came, milliseconds. */
  private heardAt = 0;
  /** When a full run looks again whether it is quiet. */
  private settleAt: number | null = null;
  /** Set by every handler; the main function wakes, looks at the life anew and waits again. */
  private dirty = true;
  private enriching = 0;
  /** A child that has not begun yet would be lost with the run that asks for it. */
  private starting = 0;
  private asksForEnd = false;
  private timer: { readonly deadline: number; readonly scope: CancellationScope } | null = null;
  /** What a new life starts with; of what the last run has shown this one does not know. */
  private shownState: string | null;
  private shownDetails = '';

  constructor(input: messages.AlertLifeInput) {
    this.shownState = input.carried === undefined ? 'FIRING' : null;
    this.life = new AlertLife(input, Date.now(), () => workflowInfo().historyLength);
    this.registerQueries();
    this.registerUpdates();
    this.registerSignals();
  }

  async live(): Promise<void> {
    for (;;) {
      this.dirty = false;
      const countBy = this.life.wantsCount(Date.now());
      if (countBy !== null) this.life.counted(await this.openAlerts(countBy));
      this.life.tick(Date.now());
      // People see it in the Web UI also while the history is away.
      this.show();
      if (this.life.pending().length > 0) await this.writeDown();
      this.startWork();
      this.show();
      if (this.dirty) continue;
      const now = Date.now();
      const ended = this.life.ended();
      if (ended && this.enriching === 0 && allHandlersFinished()) break;
      if (this.mayContinueAsNew(now)) await this.continueAsNew();
      await this.wait((ended || this.isFull()) && !allHandlersFinished());
    }
    this.armTimer(null);
  }

  /** Until a message, a result or the next deadline; also until the handlers have finished, when only they hold the run. */
  private wait(forHandlers: boolean): Promise<void> {
    const waits = [this.life.nextDeadline(), this.settleAt].filter((at) => at !== null);
    this.armTimer(waits.length === 0 ? null : Math.min(...waits));
    return condition(() => this.dirty || (forHandlers && allHandlersFinished()));
  }

  /** One timer stands for the next deadline. It stays over messages that leave the deadline as it is: two events less each. */
  private armTimer(deadline: number | null): void {
    if (deadline === this.timer?.deadline || (deadline === null && this.timer === null)) return;
    this.timer?.scope.cancel();
    this.timer = null;
    if (deadline === null) return;
    const scope = new CancellationScope();
    const timer = { deadline, scope };
    this.timer = timer;
    void scope
      .run(() => sleep(Math.max(1, deadline - Date.now())))
      .then(
        () => {
          if (this.timer === timer) this.timer = null;
          this.dirty = true;
        },
        () => undefined,
      );
  }

  /** Writes what waits, in order. The life goes on only when it is written: a page of the chain is one of the records. */
  private async writeDown(): Promise<void> {
    for (let waiting = this.life.pending(); waiting.length > 0; waiting = this.life.pending()) {
      const first = waiting[0]!;
      if (first.begins) {
        const { transition } = this.life.current();
        const answer = await this.locallyOrNot((activities) => activities.openEpisode(first, transition));
        this.life.recorded(1);
        this.life.opened(first.episode, answer, answer.artifacts, Date.now());
        continue;
      }
      const nextEpisode = waiting.findIndex((record) => record.begins);
      const together = waiting
        .slice(0, nextEpisode < 0 ? undefined : nextEpisode)
        .slice(0, RECORDS_AT_A_TIME);
      await this.locallyOrNot((activities) => activities.recordLife(together));
      this.life.recorded(together.length);
    }
  }

  private async locallyOrNot<T>(
    write: (activities: Pick<typeof bookkeeping, keyof BookkeepingActivities>) => Promise<T>,
  ): Promise<T> {
    try {
      return await write(localBookkeeping);
    } catch (error) {
      log.info('bookkeeping goes on as an ordinary activity', { reason: messageOf(error) });
      return write(bookkeeping);
    }
  }

  /** For a condition of the escalation's next level on their number. */
  private openAlerts(by: readonly string[]): Promise<number | null> {
    const { labels } = this.life.current().transition;
    const group = Object.fromEntries(by.map((name) => [name, labels[name] ?? '']));
    return this.locallyOrNot((activities) => activities.countOpenAlerts(matchersOf(group)));
  }

  private startWork(): void {
    const { transition, policy } = this.life.current();
    if (this.life.wantsEnrichment()) {
      this.life.enrichmentBegins();
      void this.enrich(transition, policy);
    }
    if (this.life.wantsMaintenanceEnd() && !this.asksForEnd && policy.remediation !== null) {
      this.asksForEnd = true;
      void this.askForMaintenanceEnd(policy.remediation, transition);
    }
    if (this.life.wantsRemediation())
      void this.remediate(this.life.remediationBegins(Date.now()), transition, policy);
  }

  private async enrich(transition: Transition, policy: LifePolicy): Promise<void> {
    const episode = this.life.currentEpisode();
    const longest = Math.max(...policy.enrich.map((one) => one.budgetMs));
    const { enrich } = proxyActivities<EnrichmentActivities>({
      taskQueue: taskQueueName(policy.instance, 'effects'),
      startToCloseTimeout: longest + 5_000,
      scheduleToCloseTimeout: longest + 30_000,
      retry: { maximumAttempts: 2 },
    });
    this.enriching += 1;
    try {
      const { fingerprint, labels, recent, correlation_id: correlationId } = transition;
      const artifacts = await enrich({
        fingerprint,
        episode,
        labels,
        recent,
        providers: policy.enrich,
        correlationId,
      });
      this.life.enrichmentEnds(episode, artifacts, Date.now());
    } catch (error) {
      const collected_at = new Date().toISOString();
      const lost = policy.enrich.map(({ provider }) => {
        return {
          provider,
          type: 'snapshot',
          status: 'failed' as const,
          title: provider,
          data: null,
          url: null,
          error: causeOf(error),
          collected_at,
          duration_ms: 0,
        };
      });
      this.life.enrichmentEnds(episode, lost, Date.now());
    }
    this.enriching -= 1;
    this.dirty = true;
  }

  private async askForMaintenanceEnd({ target }: RemediationPlan, { labels }: Transition): Promise<void> {
    this.starting += 1;
    const until = await this.locallyOrNot((activities) => activities.maintenanceEnd(target, labels));
    this.starting -= 1;
    this.asksForEnd = false;
    this.life.repairWaits(until === null ? null : Date.parse(until), Date.now());
    this.dirty = true;
  }

  private async remediate(plan: RemediationPlan, transition: Transition, policy: LifePolicy): Promise<void> {
    this.dirty = true;
    try {
      const result = await this.startOrJoin(plan, transition, policy);
      if (result !== null) this.life.remediationEnds(await result(), Date.now());
    } catch (error) {
      this.life.remediationFailed(`the remediation could not be run: ${causeOf(error)}`, Date.now());
    }
    this.dirty = true;
  }

  /** Waits for the result of our own child; null when another alert's is joined, whose result comes as a signal. */
  private async startOrJoin(
    plan: RemediationPlan,
    transition: Transition,
    policy: LifePolicy,
  ): Promise<(() => Promise<RemediationResult>) | null> {
    this.starting += 1;
    try {
      return await this.startOrJoinOne(plan, transition, policy);
    } finally {
      this.starting -= 1;
      this.dirty = true;
    }
  }

  private async startOrJoinOne(
    plan: RemediationPlan,
    transition: Transition,
    policy: LifePolicy,
  ): Promise<(() => Promise<RemediationResult>) | null> {
    const workflowId = remediationWorkflowId(policy.instance, plan.target);
    const { fingerprint, labels, annotations } = transition;
    const input: messages.RemediationInput = {
      instance: policy.instance,
      plan,
      alert: { fingerprint, episode: this.life.currentEpisode(), labels, annotations },
      condition: transition.condition ?? null,
      correlationId: transition.correlation_id,
      alertWorkflowId: workflowInfo().workflowId,
    };
    for (let attempt = 1; ; attempt++) {
      try {
        const child = await startChild<typeof remediationWorkflow>('remediationWorkflow', {
          workflowId,
          taskQueue: taskQueueName(policy.instance, 'effects'),
          args: [input],
          parentClosePolicy: ParentClosePolicy.ABANDON,
          staticSummary: `${plan.runbook} on ${plan.target}`,
        });
        return () => child.result();
      } catch (error) {
        if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
      }
      if (this.life.hasYielded() && attempt < 5) {
        // It has told us its result and tells others: joined once more, it would not tell us again.
        await sleep(1_000);
        continue;
      }
      try {
        await getExternalWorkflowHandle(workflowId).signal(messages.joinSignal, {
          alertWorkflowId: workflowInfo().workflowId,
        });
        return null;
      } catch (error) {
        // It ended between our start and our signal: start one of our own.
        if (attempt >= 5) throw error;
        await sleep(1_000);
      }
    }
  }

  private show(): void {
    const now = Date.now();
    const state = this.life.shown(now);
    if (state !== this.shownState) upsertSearchAttributes([{ key: ALERT_STATE, value: state }]);
    this.shownState = state;
    const details = detailsOf(this.life.status(now), this.life.current().transition, this.life.timeline());
    if (details !== this.shownDetails) setCurrentDetails(details);
    this.shownDetails = details;
  }

  private isFull(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return this.messages >= MESSAGES_PER_RUN || historyLength > EVENTS_PER_RUN || continueAsNewSuggested;
  }

  private mayContinueAsNew(now: number): boolean {
    const held = this.enriching > 0 || this.starting > 0 || !allHandlersFinished();
    const quiet = now >= this.heardAt + QUIET_MS;
    if (!this.isFull() || held || quiet) this.settleAt = null;
    // The timer stays over messages that come meanwhile: moving it would cost two events for each.
    else if (this.settleAt === null || this.settleAt <= now) this.settleAt = this.heardAt + QUIET_MS;
    return this.isFull() && !held && quiet;
  }

  private async continueAsNew(): Promise<never> {
    const { transition, policy } = this.life.current();
    this.armTimer(null);
    return continueAsNew<typeof alertWorkflow>({ transition, policy, carried: this.life.carry() });
  }

  private registerQueries(): void {
    setHandler(messages.statusQuery, () => this.life.status(Date.now()));
    setHandler(messages.timelineQuery, () => this.life.timeline());
    setHandler(messages.whyQuery, () => this.life.why());
    setHandler(messages.auditQuery, () => this.life.audit());
  }

  private registerUpdates(): void {
    const { life } = this;
    setHandler(
      messages.acknowledgeUpdate,
      (request) => this.act(() => life.acknowledge(valid(checkAcknowledge(request)), Date.now())),
      {
        validator: (request) =>
          refuseUnless(checkAcknowledge(request), FORMS.acknowledge, life.refuses('acknowledge')),
      },
    );
    setHandler(
      messages.unacknowledgeUpdate,
      (request) => this.act(() => life.unacknowledge(request, Date.now())),
      {
        validator: (request) =>
          refuseUnless(checkOwned(request), FORMS.unacknowledge, life.refuses('unacknowledge')),
      },
    );
    setHandler(messages.resolveUpdate, (request) => this.act(() => life.resolve(request, Date.now())), {
      validator: (request) => refuseUnless(checkOwned(request), FORMS.resolve, life.refuses('resolve')),
    });
    setHandler(messages.escalateUpdate, (request) => this.act(() => life.escalateNow(request, Date.now())), {
      validator: (request) =>
        refuseUnless(checkOwned(request), FORMS.escalate, life.refuseEscalation(Date.now())),
    });
    setHandler(messages.silenceUpdate, (request) => this.silence(valid(checkSilence(request))), {
      validator: (request) =>
        refuseUnless(
          checkSilence(request),
          FORMS.silence,
          refuseSilence(request, life.refuses('resolve') !== null),
        ),
    });
    setHandler(messages.unsilenceUpdate, (request) => this.unsilence(valid(checkOwned(request))), {
      validator: (request) => refuseUnless(checkOwned(request), FORMS.unsilence, null),
    });
  }

  private registerSignals(): void {
    const { life } = this;
    setHandler(messages.transitionSignal, (raw) =>
      this.hear(() => {
        const checked = checkTransition(raw, life.current().transition);
        if (checked.ok) life.observe(checked.value.transition, checked.value.policy, Date.now());
        else life.refuseSignal('transition', checked.problem, 'only what the dispatcher sends', Date.now());
      }),
    );
    setHandler(messages.remediationResultSignal, (raw) =>
      this.hear(() => {
        const checked = checkResult(raw);
        if (checked.ok) life.remediationEnds(checked.value, Date.now());
        else
          life.refuseSignal(
            'remediation-result',
            checked.problem,
            'only what a remediation sends',
            Date.now(),
          );
      }),
    );
    setHandler(messages.acknowledgeSignal, (raw) =>
      this.hear(() => {
        this.ifValid('acknowledge', checkAcknowledge(raw), life.refuses('acknowledge'), (request) =>
          life.acknowledge(request, Date.now()),
        );
      }),
    );
    setHandler(messages.resolveSignal, (raw) =>
      this.hear(() => {
        this.ifValid('resolve', checkOwned(raw), life.refuses('resolve'), (request) =>
          life.resolve(request, Date.now()),
        );
      }),
    );
    setHandler(messages.silenceSignal, async (raw) => {
      let accepted: SilenceRequest | null = null;
      this.hear(() =>
        this.ifValid(
          'silence',
          checkSilence(raw),
          refuseSilence(raw, life.refuses('resolve') !== null),
          (request) => (accepted = request),
        ),
      );
      if (accepted !== null) await this.silence(accepted);
    });
    setHandler(messages.mutesChangedSignal, async () => {
      const { labels } = life.current().transition;
      const held = await this.locallyOrNot((activities) => activities.mutedNow(labels));
      this.hear(() => life.mutesChanged(held, Date.now()));
    });
    setHandler(messages.undeliveredSignal, (raw) =>
      this.hear(() => {
        // During a deployment a worker that does not know the signal may have refused it: what it did is done again as it was.
        if (!patched('undelivered')) return this.refuseUnknown(messages.undeliveredSignal.name);
        const checked = checkUndelivered(raw);
        if (checked.ok) life.toldNobody(checked.value, Date.now());
        else life.refuseSignal('undelivered', checked.problem, 'only what the dispatcher sends', Date.now());
      }),
    );
    setDefaultSignalHandler((name) => this.hear(() => this.refuseUnknown(name)));
  }

  private refuseUnknown(name: string): void {
    this.life.refuseSignal(name, 'there is no such signal', 'acknowledge, silence, resolve', Date.now());
  }

  private act(action: () => ActionAnswer): ActionAnswer {
    let answer: ActionAnswer | undefined;
    try {
      this.hear(() => (answer = action()));
    } catch (error) {
      // The validator has let it pass, but only a failure of Temporal's kind refuses it; any other fails the task.
      if (error instanceof TocsinError) throw ApplicationFailure.nonRetryable(error.message, 'Refused');
      throw error;
    }
    return answer!;
  }

  private hear(action: () => void): void {
    this.messages += 1;
    this.heardAt = Date.now();
    this.dirty = true;
    action();
  }

  private ifValid<T>(
    name: keyof typeof FORMS,
    checked: Checked<T>,
    refusal: string | null,
    accept: (request: T) => void,
  ): void {
    const problem = checked.ok ? refusal : checked.problem;
    if (problem !== null) this.life.refuseSignal(name, problem, FORMS[name], Date.now());
    else if (checked.ok) accept(checked.value);
  }

  /** An ordinary silence on the alert's full label set; it is in Postgres before the answer. */
  private async silence(request: SilenceRequest): Promise<ActionAnswer> {
    const { transition } = this.life.current();
    const from = Date.now();
    const { duration_seconds: seconds } = request;
    const until = from + (seconds === undefined ? UNTIL_RESOLVED_MS : seconds * 1_000);
    const startsAt = new Date(from).toISOString();
    const endsAt = new Date(until).toISOString();
    const about = request.comment ?? `alert ${transition.labels.alertname ?? transition.fingerprint}`;
    // Stays the same when the task is done again; two silences of one moment are two.
    const id = `${transition.fingerprint}-${uuid4()}`;
    const silence = {
      id,
      matchers: matchersOf(transition.labels),
      startsAt,
      endsAt,
      createdBy: request.owner,
      ...(seconds === undefined ? this.untilOver(about) : { comment: about }),
    };
    await this.locallyOrNot((activities) => activities.createSilence(silence));
    return this.act(() => this.life.silence(request, until, Date.now()));
  }

  /** Whoever sees that the alert is over ends the silence, and tells this life. */
  private untilOver(comment: string) {
    const { transition } = this.life.current();
    const of = { fingerprint: transition.fingerprint, episode: this.life.currentEpisode() };
    return { comment: untilResolvedComment(comment), untilResolved: [of] };
  }

  private async unsilence({ owner, comment }: UnsilenceRequest): Promise<ActionAnswer> {
    const { labels } = this.life.current().transition;
    const at = Date.now();
    const { ended, heldUntil } = await this.locallyOrNot((activities) =>
      activities.endSilences(matchersOf(labels), labels, at),
    );
    if (ended === 0) throw ApplicationFailure.nonRetryable('no silence holds exactly this alert', 'Refused');
    const held = heldUntil === null ? null : Date.parse(heldUntil);
    return this.act(() => this.life.unsilence(owner, held, comment ?? null, Date.now()));
  }
}

function refuseUnless(checked: Checked<unknown>, form: string, refusal: string | null): void {
  const problem = checked.ok ? refusal : `${checked.problem}. Accepted: ${form}`;
  if (problem !== null) throw ApplicationFailure.nonRetryable(problem, 'Refused');
}

/** The validator has passed it. */
function valid<T>(checked: Checked<T>): T {
  if (!checked.ok) throw ApplicationFailure.nonRetryable(checked.problem, 'Refused');
  return checked.value;
}
