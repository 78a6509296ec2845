/**
 * PagerDuty's webhooks, version 3: whoever acknowledges or resolves an incident there does so to the alert here, by name. Our own
 * events come back too, without a person: they change nothing. What is not ours is taken and ignored, for PagerDuty stops a webhook
 * that is refused.
 */
import { z } from 'zod';
import { episodeOfIncident } from '../../domain/identity';
import type { Action } from './acts';
import { once } from './once';
import { NOT_SIGNED, type CallbackAnswer, type CallbackOptions, type Called } from './options';
import type { PagerdutyCaller } from './port';
import { isSignedByPagerduty } from './signatures';

const ACTIONS: Readonly<Record<string, Action>> = {
  'incident.acknowledged': 'acknowledge',
  'incident.resolved': 'resolve',
};
/** PagerDuty tries for two days; what is older was kept by somebody. */
const OLDEST_MS = 3 * 86_400_000;

const eventSchema = z.object({
  event: z.object({
    id: z.string().min(1).max(200),
    event_type: z.string(),
    occurred_at: z.string(),
    agent: z.object({ type: z.string(), summary: z.string().nullish(), id: z.string() }).nullish(),
    data: z.object({
      id: z.string().nullish(),
      incident_key: z.string().nullish(),
      number: z.number().nullish(),
    }),
  }),
});
type PagerdutyEvent = z.output<typeof eventSchema>['event'];

const TAKEN: CallbackAnswer = { status: 202, body: '' };

export async function fromPagerduty(
  options: CallbackOptions,
  caller: PagerdutyCaller,
  { header, body }: Called,
): Promise<CallbackAnswer> {
  if (!isSignedByPagerduty(header('x-pagerduty-signature'), body, caller.secrets)) return NOT_SIGNED;
  const event = eventIn(body);
  const ignore = (reason: string): CallbackAnswer => {
    const { service, receiver } = caller;
    options.log.info(
      { service, receiver, event: event?.id, event_type: event?.event_type },
      `ignored: ${reason}`,
    );
    options.onEvent?.({ service, receiver, outcome: 'ignored', detail: reason });
    return TAKEN;
  };
  if (event === null) return ignore('it is no event of an incident');
  const action = ACTIONS[event.event_type];
  if (action === undefined) return ignore(`${event.event_type} changes nothing here`);
  const person = personOf(event);
  if (person === null) return ignore('nobody did it: it is our own event, or a rule of PagerDuty');
  if (!(options.now() - Date.parse(event.occurred_at) < OLDEST_MS)) return ignore('it is too old');
  const of = episodeOfIncident(options.instance, event.data.incident_key ?? '');
  if (of === null) return ignore(`incident ${event.data.id ?? ''} is none of this instance's`);
  await once(options, caller, event.id, () => options.acts(action, of, person, commentOf(event)));
  return TAKEN;
}

function eventIn(body: Buffer): PagerdutyEvent | null {
  try {
    const parsed = eventSchema.safeParse(JSON.parse(body.toString('utf8')));
    return parsed.success ? parsed.data.event : null;
  } catch {
    return null;
  }
}

const personOf = ({ agent }: PagerdutyEvent): string | null =>
  agent?.type === 'user_reference' ? agent.summary || agent.id : null;

const commentOf = ({ data: { id, number } }: PagerdutyEvent): string =>
  `in PagerDuty, incident ${number ?? id ?? ''}`.slice(0, 200);
