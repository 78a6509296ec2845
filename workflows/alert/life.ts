/**
 * The state of one alert's life and every decision about it: what a transition, a person's action or the passing of
 * time does. It knows no Temporal and no clock; `alert.ts` tells it the time, runs what it asks for and waits until
 * its next deadline.
 *
 * What it wants written is queued as records, in order; writing one twice changes nothing. A workflow task that is cut
 * off may have written records already, and the task that follows decides again, with what has arrived meanwhile in
 * front of what time brought. So an event's key counts its own kind alone, which keeps it the same in another order,
 * and a seq grows with the history's length, so that what was decided later is written later.
 */
import type { OpenedEpisode } from '../../activities/bookkeeping';
import type { Artifact } from '../../src/domain/artifact';
import { applyTransition, type EpisodeState, type Outcome } from '../../src/domain/episode';
import type { EscalationStep } from '../../src/domain/escalation';
import type {
  AcknowledgeRequest,
  Acknowledgement,
  ActionAnswer,
  EscalateRequest,
  LifeAudit,
  LifePolicy,
  LifeStatus,
  ResolveRequest,
  ResumedLife,
  SilenceRequest,
  TimelineEvent,
  UnacknowledgeRequest,
} from '../../src/domain/life';
import { move, refusal, shownState, type AlertState, type LifecycleEvent } from '../../src/domain/lifecycle';
import type { RemediationResult } from '../../src/domain/remediation';
import type { Transition } from '../../src/domain/transition';
import type { QueuedRecord } from '../../src/history/port';
import type { AlertLifeInput, UndeliveredMessage } from '../messages';
import * as chain from './chain';
import { leaseEnd } from './requests';
import { longestRemediation } from '../remediation/bounds';
import { whyOf } from './details';
import { firstPages, levelMessages, waitingFor } from './pages';
import {
  isAnswer,
  isRefusedFor,
  REPAIR_AGAIN_MS,
  saidOfAnothers,
  whyNotRemediated,
  withoutResult,
} from './repair';
import type { Carried, EscalationClock, Running } from './carried';
import { resumedFrom } from './resume';

/** With the longest texts and people's comments they stay below what one payload may weigh. */
const KEPT_EVENTS = 100;
const MAX_TEXT = 1_000;
/** More records than one workflow task makes. */
const SEQS_PER_EVENT = 256;
const iso = (ms: number): string => new Date(ms).toISOString();

export class AlertLife {
  private transition: Transition;
  private policy: LifePolicy;
  /** What the transitions say; `state` may differ after a manual resolve. */
  private signal: EpisodeState | null = null;
  private state: AlertState = 'RESOLVED';
  private episode = 0;
  private episodes = 0;
  private seq = 0;
  /** The seq at which this run began. */
  private base = 0;
  private counts: Readonly<Record<string, number>> = {};
  private acknowledgement: Acknowledgement | null = null;
  private silencedUntil: number | null = null;
  private quietUntil: number | null = null;
  private coolUntil: number | null = null;
  private previousEndedAt: number | null = null;
  private escalation: EscalationClock = { told: 0, dueAt: null, remainingMs: null };
  private untold: readonly string[] = [];
  private remediation: RemediationResult | Running | null = null;
  /** When a repair that a maintenance forbade is asked for again. */
  private repairAt: number | null = null;
  private remediations = 0;
  /** The last result's remediation: it comes as our child's answer and as a signal. */
  private heardRemediation: string | null = null;
  /** The episode's result is our own word, because none came; the true one may come yet. */
  private gaveUpRemediation = false;
  private yielded = false;
  private enriched = false;
  private artifacts: readonly Artifact[] = [];
  /** How many alerts of its group are open at this tick: undefined while nobody has counted, null where nobody could. */
  private openAlerts: number | null | undefined;
  private events: TimelineEvent[] = [];
  private records: QueuedRecord[] = [];

  /** `historyLength` answers how long the run's history is by now; it need not be exact but must never shrink. */
  constructor(
    input: AlertLifeInput,
    now: number,
    private readonly historyLength: () => number = () => 0,
  ) {
    this.transition = input.transition;
    this.policy = input.policy;
    if (input.carried !== undefined) this.restore(input.carried as Carried);
    else if (input.resumed !== undefined) this.resume(input.resumed, now);
    else this.observe(input.transition, input.policy, now);
  }

  /** Applies a transition. Only an outcome that opens or ends something asks for a record. */
  observe(transition: Transition, policy: LifePolicy, now: number): Outcome {
    this.policy = policy;
    const { state, outcome } = applyTransition(this.signal, transition);
    if (outcome === 'stale') return outcome;
    this.signal = state;
    this.transition = transition;
    const quiet = this.quietUntil !== null && now < this.quietUntil;
    if (outcome === 'opened' && !quiet) this.open(state!.episode, now);
    if (outcome === 'resolved' && this.state !== 'RESOLVED') this.resolveBy(transition.source, now);
    return outcome;
  }

  acknowledge(request: AcknowledgeRequest, now: number): ActionAnswer {
    this.state = move(this.state, 'acknowledge');
    const lease =
      request.lease_seconds === undefined ? this.policy.acknowledgeLeaseMs : request.lease_seconds * 1_000;
    const until = lease === null ? null : iso(chain.after(now, lease));
    this.acknowledgement = { owner: request.owner, at: iso(now), until, comment: request.comment ?? null };
    this.runClock(now);
    const held = until === null ? 'until it is taken back' : `until ${until}`;
    const text = `${request.owner} acknowledged it ${held}${chain.waitsText(this.policy)}`;
    this.record(
      now,
      'acknowledged',
      request.owner,
      text,
      { comment: request.comment ?? null },
      { acknowledgement: this.acknowledgement, state: this.state },
    );
    return this.answer(now, text);
  }

  unacknowledge(request: UnacknowledgeRequest, now: number): ActionAnswer {
    return this.release(
      'unacknowledge',
      request.owner,
      `${request.owner} gave the acknowledgement back`,
      now,
    );
  }

  resolve(request: ResolveRequest, now: number): ActionAnswer {
    this.state = move(this.state, 'resolve');
    this.acknowledgement = null;
    this.quietUntil = chain.after(now, this.policy.cooldownMs);
    this.previousEndedAt = now;
    this.runClock(now);
    const unheard = this.giveUpWhenUnheard();
    const then = unheard ? ', then until it fires anew: nothing has been heard of it since it reopened' : '';
    const text = `${request.owner} resolved it; quiet until ${iso(this.quietUntil)}${then}`;
    this.record(
      now,
      'resolved',
      request.owner,
      text,
      { comment: request.comment ?? null },
      {
        state: 'RESOLVED',
        resolvedBy: request.owner,
        acknowledgement: null,
        quietUntil: iso(this.quietUntil),
        resolves: { receivers: this.policy.resolveTo },
      },
    );
    return this.answer(now, text);
  }

  /** The silence itself is in Postgres by now; here it stops the escalation's clock. */
  silence(request: SilenceRequest, until: number, now: number): ActionAnswer {
    const end = this.silenceUntil(until, now);
    const text = `${request.owner} silenced it until ${request.until_resolved ? 'it is over' : end}${chain.waitsText(this.policy)}`;
    this.record(now, 'silenced', request.owner, text, { comment: request.comment ?? null }, {});
    return this.answer(now, text);
  }

  /** Its own silences have been ended in Postgres; `held` is when another that holds it ends. */
  unsilence(owner: string, held: number | null, comment: string | null, now: number): ActionAnswer {
    if (held === null) this.endSilence();
    else this.silencedUntil = held;
    this.runClock(now);
    const then = held === null ? chain.goesOnText(this.policy) : `; another one holds it until ${iso(held)}`;
    const text = `${owner} ended its silence${then}`;
    this.record(now, 'silence_ended', owner, text, { comment }, {});
    return this.answer(now, text);
  }

  private silenceEnds(how: string, now: number): void {
    this.endSilence();
    this.runClock(now);
    this.record(now, 'silence_ended', 'tocsin', `${how}${chain.goesOnText(this.policy)}`, {}, {});
  }

  private endSilence(): void {
    this.silencedUntil = null;
    if (this.state !== 'RESOLVED' && this.refusedAsMuted()) this.remediation = null;
  }

  /** Something that mutes it has begun, changed or ended: `held` is what does so now. */
  mutesChanged(held: OpenedEpisode['silenced'] | null, now: number): void {
    if (this.refusedInMaintenance()) this.repairAt = now;
    if (this.state === 'RESOLVED' || (held == null && this.silencedUntil === null)) return;
    if (held == null) return this.silenceEnds('the silence was ended', now);
    const until = Date.parse(held.until);
    if (until === this.silencedUntil) return;
    this.silencedUntil = until;
    this.runClock(now);
    this.recordSilence(held.by, `silences it until ${iso(until)}`, now);
  }

  /** Whether only a maintenance forbade its repair, and it is not known yet until when. */
  wantsMaintenanceEnd(): boolean {
    return this.state !== 'RESOLVED' && this.repairAt === null && this.refusedInMaintenance();
  }

  /** From then on its repair is asked for again; `until`: null where nothing holds it any more. */
  repairWaits(until: number | null, now: number): void {
    this.repairAt = Math.max(until ?? 0, now + REPAIR_AGAIN_MS);
  }

  /** Answers until when. */
  private silenceUntil(until: number, now: number): string {
    this.silencedUntil = Math.max(this.silencedUntil ?? 0, until);
    this.runClock(now);
    return iso(this.silencedUntil);
  }

  escalateNow(request: EscalateRequest, now: number): ActionAnswer {
    const { step, skipped } = this.turn(now) ?? { step: null, skipped: [] };
    if (step === null) return this.answer(now, chain.nobodyText(skipped));
    this.tellNextLevel(request.owner, now);
    return this.answer(now, `told level ${step.level}, ${step.spec.name}`);
  }

  /** Why `event` cannot be done now, or null. */
  refuses(event: LifecycleEvent): string | null {
    return refusal(this.state, event);
  }

  /** Whoever it told would hear nothing while it is silenced, and the level would be used up. */
  refuseEscalation(now: number): string | null {
    if (this.state === 'RESOLVED') return 'cannot escalate an alert that is RESOLVED';
    if (this.silenced(now)) return `silenced until ${iso(this.silencedUntil!)}: end the silence first`;
    return this.policy.escalation === null ? 'no escalation policy matches this alert' : null;
  }

  /**
   * Nobody could be told of a step: the next level has its turn at once. One that has had it meanwhile, or a step of another
   * episode, is no news.
   */
  toldNobody(message: UndeliveredMessage, now: number): void {
    if (this.state === 'RESOLVED' || message.episode !== this.episode || this.untold.includes(message.step))
      return;
    const { labels } = this.transition;
    const hurried = chain.hurriedBy(message, this.policy.escalation, this.escalation, labels, now);
    if (hurried === null) return;
    this.untold = [...this.untold, message.step];
    this.escalation = hurried.clock;
    this.record(now, 'undelivered', 'tocsin', hurried.text, hurried.details, {});
  }

  /** A message that could not be understood: told in the timeline, with the form that is accepted. */
  refuseSignal(name: string, problem: string, form: string, now: number): void {
    this.record(
      now,
      'refused_signal',
      'signal',
      `signal "${name}" was refused: ${problem}. Accepted: ${form}`,
      {},
      {},
    );
  }

  /** Does all that is due at `now`. */
  tick(now: number): void {
    const lapsesAt = leaseEnd(this.acknowledgement);
    if (lapsesAt !== null && lapsesAt <= now)
      this.release('lapse', 'tocsin', `the acknowledgement of ${this.acknowledgement!.owner} lapsed`, now);
    if (this.silencedUntil !== null && this.silencedUntil <= now) this.silenceEnds('the silence ended', now);
    if (this.repairAt !== null && this.repairAt <= now) {
      this.repairAt = null;
      if (this.state !== 'RESOLVED' && this.refusedInMaintenance()) this.remediation = null;
    }
    const counted = this.openAlerts !== undefined || chain.countedBy(this.policy.escalation) === null;
    while (counted && chain.isDue(this.escalation, now)) this.tellNextLevel('tocsin', now);
    this.openAlerts = undefined;
    if (this.quietUntil !== null && this.quietUntil <= now) this.endQuiet(now);
    if (this.coolUntil !== null && this.coolUntil <= now) this.coolUntil = null;
    if (this.remediation?.outcome === 'running' && this.remediation.deadline <= now)
      this.remediationFailed('no result came in time; look at the remediation workflow of the target', now);
  }

  /** The labels by which open alerts are to be counted before what is due at `now` is done; null when nothing asks for it. */
  wantsCount(now: number): readonly string[] | null {
    return chain.isDue(this.escalation, now) ? chain.countedBy(this.policy.escalation) : null;
  }

  /** For the next tick; null where they could not be counted. */
  counted(openAlerts: number | null): void {
    this.openAlerts = openAlerts;
  }

  nextDeadline(): number | null {
    const { silencedUntil, escalation, quietUntil, coolUntil, repairAt, remediation } = this;
    const running = remediation?.outcome === 'running' ? remediation.deadline : null;
    const people = [leaseEnd(this.acknowledgement), silencedUntil, escalation.dueAt];
    return chain.earliest([...people, quietUntil, coolUntil, repairAt, running]);
  }

  /** Whether nothing can happen any more without a new transition. A question only: what is due is done by `tick`. */
  ended(): boolean {
    return (
      this.state === 'RESOLVED' &&
      this.quietUntil === null &&
      this.coolUntil === null &&
      this.remediation?.outcome !== 'running' &&
      this.records.length === 0
    );
  }

  /** The records that wait to be written; they stay until `recorded`. */
  pending(): readonly QueuedRecord[] {
    return this.records;
  }

  recorded(count: number): void {
    this.records = this.records.slice(count);
  }

  /** What the first record of an episode answered; the life may be in a later one by now. */
  opened(
    episode: number,
    answer: Pick<OpenedEpisode, 'closed' | 'previousEndedAt' | 'silenced' | 'unmuted'>,
    artifacts: readonly Artifact[],
    now: number,
  ): void {
    if (answer.closed) this.records = this.records.filter((record) => record.episode !== episode);
    if (episode !== this.episode) return;
    this.artifacts = [...artifacts, ...this.artifacts];
    if (answer.previousEndedAt !== null && this.previousEndedAt === null)
      this.previousEndedAt = Date.parse(answer.previousEndedAt);
    if (answer.unmuted) this.silencedUntil = null;
    if (answer.unmuted && !answer.closed) return this.runClock(now);
    if (!answer.closed) return this.beginSilenced(answer.silenced, now);
    this.state = 'RESOLVED';
    this.signal = this.signal && { ...this.signal, firing: false };
    this.escalation = { told: this.escalation.told, dueAt: null, remainingMs: null };
    this.coolUntil = null;
  }

  /** A silence that was there before this life: nobody hears of the alert until it ends, and the chain waits. */
  private beginSilenced(silenced: OpenedEpisode['silenced'], now: number): void {
    if (silenced === undefined || Date.parse(silenced.until) <= (this.silencedUntil ?? now)) return;
    const until = this.silenceUntil(Date.parse(silenced.until), now);
    this.recordSilence(silenced.by, `had silenced it until ${until}`, now);
  }

  private recordSilence(by: string, what: string, now: number): void {
    this.record(now, 'silenced', by, `${by} ${what}${chain.waitsText(this.policy)}`, {}, {});
  }

  private silenced(now: number): boolean {
    return this.silencedUntil !== null && this.silencedUntil > now;
  }

  /** A remediation that only what mutes it forbade is asked for again when that ends. */
  private refusedAsMuted(): boolean {
    return isRefusedFor(this.remediation, 'silenced') || this.refusedInMaintenance();
  }

  private refusedInMaintenance = (): boolean => isRefusedFor(this.remediation, 'maintenance');

  /** The alert as an episode's enrichment and remediation see it; null when there is nothing (more) to do. */
  wantsEnrichment(): boolean {
    return !this.enriched && this.state !== 'RESOLVED';
  }

  enrichmentBegins(): void {
    this.enriched = true;
  }

  enrichmentEnds(episode: number, artifacts: readonly Artifact[], now: number): void {
    if (episode !== this.episode) return;
    this.artifacts = [...this.artifacts, ...artifacts];
    const found = artifacts.map((artifact) => `${artifact.provider} ${artifact.status}`).join(', ');
    const release = waitingFor(
      this.policy,
      this.policy.remediation === null ? ['enrich', 'remediate'] : ['enrich'],
    );
    this.record(now, 'enriched', 'tocsin', `enriched: ${found}`, {}, { artifacts, release });
  }

  wantsRemediation(): boolean {
    return this.policy.remediation !== null && this.remediation === null && this.state !== 'RESOLVED';
  }

  /** Returns the plan; its result is waited for until a deadline, so that a lost one holds up nothing. */
  remediationBegins(now: number): NonNullable<LifePolicy['remediation']> {
    const plan = this.policy.remediation!;
    this.remediations += 1;
    this.remediation = {
      outcome: 'running',
      runbook: plan.runbook,
      deadline: chain.after(now, longestRemediation(plan.verifyTimeoutMs)),
    };
    this.record(
      now,
      'remediation_started',
      'tocsin',
      `runbook ${plan.runbook} was started for ${plan.target}`,
      { runbook: plan.runbook, target: plan.target },
      {},
    );
    return plan;
  }

  remediationEnds(result: RemediationResult, now: number): void {
    const running = this.remediation?.outcome === 'running';
    if (!isAnswer(result, this.transition, this.policy, this.remediation))
      return running ? this.repairedForAnother(result, now) : undefined;
    if (result.remediation_id === this.heardRemediation || !(running || this.gaveUpRemediation)) return;
    this.heardRemediation = result.remediation_id;
    // People were told that it failed: what is true is another message.
    if (!running) this.remediations += 1;
    this.gaveUpRemediation = false;
    this.tellRemediation(result, now);
  }

  private repairedForAnother(result: RemediationResult, now: number): void {
    const over = this.state === 'RESOLVED';
    this.remediation = null;
    this.yielded = true;
    const { text, details } = saidOfAnothers(result, over);
    const release = over ? waitingFor(this.policy, ['enrich', 'remediate']) : [];
    this.record(now, 'repaired_for_another', result.runbook, text, details, { release });
  }

  /** Whether the run that held the target was another alert's; it may still be there when ours begins. */
  hasYielded(): boolean {
    return this.yielded;
  }

  private tellRemediation(result: RemediationResult, now: number): void {
    this.remediation = result;
    this.yielded = false;
    const step = `remediated-${this.remediations}`;
    this.record(
      now,
      'remediated',
      result.runbook,
      `${result.runbook}: ${result.outcome.replace('_', ' ')}. ${result.reason}`,
      { outcome: result.outcome },
      {
        remediation: result,
        correlationId: this.transition.correlation_id,
        updates: { step, receivers: this.policy.page.map((page) => page.receiver) },
        release: waitingFor(this.policy, ['enrich', 'remediate']),
      },
    );
  }

  remediationFailed(reason: string, now: number): void {
    const running = this.remediation;
    if (running === null || running.outcome !== 'running') return;
    this.gaveUpRemediation = true;
    const id = `${this.transition.fingerprint}:${this.episode}:${this.remediations}`;
    const target = this.policy.remediation?.target ?? '';
    this.tellRemediation(withoutResult(id, running.runbook, target, reason, iso(now)), now);
  }

  currentEpisode(): number {
    return this.episode;
  }

  current(): { readonly transition: Transition; readonly policy: LifePolicy } {
    return { transition: this.transition, policy: this.policy };
  }

  shown(now: number): ReturnType<typeof shownState> {
    return shownState(this.state, this.silenced(now));
  }

  status(now: number): LifeStatus {
    return {
      fingerprint: this.transition.fingerprint,
      state: this.shown(now),
      episode: this.episode,
      episodes: this.episodes,
      labels: this.transition.labels,
      startsAt: iso(this.episode),
      value: this.transition.value,
      acknowledgement: this.acknowledgement,
      silencedUntil: this.silencedUntil === null ? null : iso(this.silencedUntil),
      escalation: chain.statusOf(this.policy.escalation, this.escalation),
      remediation: this.remediation,
      artifacts: this.artifacts.map((artifact) => ({ ...artifact, data: null })),
    };
  }

  audit(): LifeAudit {
    const { state, episode, transition } = this;
    return { state, episode, transition, nextLevelAt: this.escalation.dueAt };
  }

  timeline(): readonly TimelineEvent[] {
    return this.events;
  }

  /** The decisions about telling people, newest first. */
  why(): readonly string[] {
    return whyOf(this.events);
  }

  carry(): Carried {
    const { signal, state, episode, episodes, seq, counts, acknowledgement, escalation, untold, records } =
      this;
    const { silencedUntil, quietUntil, coolUntil, previousEndedAt, enriched, events: timeline } = this;
    const { remediation, repairAt, remediations, heardRemediation, gaveUpRemediation, yielded } = this;
    const artifacts = this.artifacts.map((artifact) => ({ ...artifact, data: null }));
    return {
      ...{ signal, state, episode, episodes, seq, counts, acknowledgement, escalation, untold, records },
      ...{ silencedUntil, quietUntil, coolUntil, previousEndedAt, enriched, timeline, artifacts },
      ...{ remediation, repairAt, remediations, heardRemediation, gaveUpRemediation, yielded },
    };
  }

  private restore(carried: Carried): void {
    const { timeline, records, ...rest } = carried;
    Object.assign(this, rest);
    this.events = [...timeline];
    this.records = [...records];
    this.base = carried.seq;
  }

  private resume(lost: ResumedLife, now: number): void {
    Object.assign(this, resumedFrom(lost, this.transition, this.policy, now));
    this.base = lost.seq;
    this.runClock(now);
    const text = 'its workflow had ended without a word; another goes on where it stood';
    this.queue({ timeline: [this.note(now, 'resumed', 'auditor', text, {})], begins: true });
  }

  private open(episode: number, now: number, extra: Partial<QueuedRecord> = {}, text = 'it fires'): void {
    this.state = move(this.state, 'fire');
    this.episode = episode;
    this.episodes += 1;
    this.counts = {};
    this.acknowledgement = null;
    this.quietUntil = null;
    this.coolUntil = null;
    this.repairAt = null;
    this.untold = [];
    // One that still runs for the last episode repairs this one too; its result is told here.
    if (this.remediation?.outcome !== 'running') this.remediation = null;
    this.gaveUpRemediation = false;
    this.remediations = 0;
    this.enriched = this.policy.enrich.length === 0;
    this.artifacts = [];
    const nothingToWaitFor = this.enriched && this.policy.remediation === null;
    const release = nothingToWaitFor ? waitingFor(this.policy, ['enrich', 'remediate']) : [];
    this.startEscalation(now);
    const event = this.note(
      now,
      extra.opens === undefined ? 'fired' : 'reopened',
      this.transition.source,
      text,
      { value: this.transition.value },
    );
    const no = whyNotRemediated(this.policy);
    const whyNot = no === null ? [] : [this.note(now, 'not_remediated', 'tocsin', no, {})];
    this.queue({
      ...extra,
      timeline: [...(extra.opens === undefined ? [] : [event]), ...whyNot],
      state: 'FIRING',
      release,
      begins: true,
    });
    this.tick(now);
  }

  private resolveBy(source: string, now: number): void {
    this.state = move(this.state, 'resolve');
    this.acknowledgement = null;
    const flapped =
      this.previousEndedAt !== null && this.episode - this.previousEndedAt < this.policy.cooldownMs;
    this.coolUntil = flapped || this.episodes > 1 ? chain.after(now, this.policy.cooldownMs) : null;
    this.previousEndedAt = now;
    this.runClock(now);
    this.note(now, 'resolved', source, 'the condition has ended', { value: this.transition.value });
  }

  /** A manual resolve's quiet time is over: the condition has ended meanwhile, or it is the next episode. */
  private endQuiet(now: number): void {
    this.quietUntil = null;
    if (this.signal === null || !this.signal.firing) return;
    this.signal = { ...this.signal, episode: now };
    const reason = 'the condition still holds after it was resolved by hand';
    const { expires_at: expiresAt, timed_out: timedOut = false } = this.transition;
    const opens = { startsAt: iso(now), reason, ...(expiresAt !== undefined && { expiresAt, timedOut }) };
    this.open(
      now,
      now,
      { opens, quietUntil: null, notifications: firstPages(this.transition, this.policy, now) },
      reason,
    );
  }

  /**
   * An episode that only the end of a quiet time opened, and of which no transition has told since: its samples may have
   * ended for good, with their target, and then no resolve ever comes. A person's second word is final. Whether it was.
   */
  private giveUpWhenUnheard(): boolean {
    if (this.signal === null || !this.signal.firing || this.signal.eventTime >= this.episode) return false;
    this.signal = { ...this.signal, firing: false };
    return true;
  }

  private release(event: 'unacknowledge' | 'lapse', actor: string, what: string, now: number): ActionAnswer {
    const text = `${what}${chain.goesOnText(this.policy)}`;
    this.state = move(this.state, event);
    this.acknowledgement = null;
    this.runClock(now);
    this.record(
      now,
      event === 'lapse' ? 'lapsed' : 'unacknowledged',
      actor,
      text,
      {},
      { acknowledgement: null, state: this.state },
    );
    return this.answer(now, text);
  }

  private startEscalation(now: number): void {
    this.escalation = chain.newClock(this.policy.escalation);
    this.runClock(now);
  }

  /** Runs the chain's clock while the alert fires unacknowledged and unsilenced, and stops it otherwise. */
  private runClock(now: number): void {
    const runs = this.state === 'FIRING' && !this.silenced(now);
    this.escalation =
      this.state === 'RESOLVED'
        ? chain.stopped(this.escalation)
        : chain.clockThat(runs, this.escalation, now);
  }

  private turn(now: number): ReturnType<typeof chain.turnOf> {
    const { labels } = this.transition;
    return chain.turnOf(this.policy.escalation, this.escalation.told, labels, this.openAlerts ?? null, now);
  }

  private tellNextLevel(actor: string, now: number): void {
    const turn = this.turn(now);
    this.escalation = { ...chain.stopped(this.escalation), ...turn?.progress };
    if (turn === null) return;
    this.runClock(now);
    for (const skipped of turn.skipped) {
      const { text, details } = chain.saidOfSkipped(skipped);
      this.record(now, 'not_escalated', 'tocsin', text, details, {});
    }
    if (turn.step !== null) this.tellLevel(turn.step, actor, now);
  }

  private tellLevel(step: EscalationStep, actor: string, now: number): void {
    const { text, details } = chain.saidOfTold(step);
    const told = levelMessages(step, this.transition, this.episode, this.policy, now);
    this.record(now, 'escalated', actor, text, details, { escalationLevel: step.level, ...told });
  }

  private answer(now: number, message: string): ActionAnswer {
    return { state: this.shown(now), message };
  }

  private note(
    now: number,
    kind: string,
    actor: string,
    text: string,
    details: TimelineEvent['details'],
  ): TimelineEvent {
    const count = (this.counts[kind] ?? 0) + 1;
    this.counts = { ...this.counts, [kind]: count };
    const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
    const event: TimelineEvent = { key: `${kind}-${count}`, at: iso(now), kind, actor, text: cut, details };
    this.events = [...this.events, event].slice(-KEPT_EVENTS);
    return event;
  }

  private record(
    now: number,
    kind: string,
    actor: string,
    text: string,
    details: TimelineEvent['details'],
    what: Partial<QueuedRecord>,
  ): void {
    const event = this.note(now, kind, actor, text, details);
    this.queue({ ...what, timeline: [event] });
  }

  private queue(what: Partial<QueuedRecord>): void {
    this.seq = this.nextSeq();
    this.records.push({
      timeline: [],
      ...what,
      fingerprint: this.transition.fingerprint,
      episode: this.episode,
      seq: this.seq,
    });
  }

  /** The first of a life is 1, by which the history knows it. */
  private nextSeq(): number {
    if (this.seq === 0) return 1;
    return Math.max(this.seq + 1, this.base + this.historyLength() * SEQS_PER_EVENT);
  }
}
