/**
 * Clicks on the buttons of an alert's or an incident's message in Slack. Slack waits for three seconds, and an alert's life may
 * need longer: the click is answered at once, and its outcome told afterwards, to who has clicked or, where others should know,
 * in the message's thread.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SLACK_BUTTONS } from '../../domain/callback';
import { parseEpisodeRef } from '../../domain/identity';
import { parseIncidentEpisode } from '../../domain/incident';
import type { Acted, Action } from './acts';
import { once, type Once } from './once';
import { NOT_SIGNED, type CallbackAnswer, type CallbackOptions, type Called } from './options';
import type { SlackCaller } from './port';
import { isSignedBySlack } from './signatures';

type Clicked = Exclude<Action, 'resolve'>;

const ACTIONS: Readonly<Record<string, Clicked>> = {
  [SLACK_BUTTONS.acknowledge]: 'acknowledge',
  [SLACK_BUTTONS.silence]: 'silence',
};

const clickSchema = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string(), username: z.string().nullish(), name: z.string().nullish() }),
  response_url: z.string().nullish(),
  container: z.object({ message_ts: z.string().nullish() }).nullish(),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().nullish() })).min(1),
});
type Click = z.output<typeof clickSchema>;

const COMMENT = 'in Slack';
const TAKEN: CallbackAnswer = { status: 200, body: '' };

export async function fromSlack(
  options: CallbackOptions,
  caller: SlackCaller,
  { header, body }: Called,
): Promise<CallbackAnswer> {
  const signature = header('x-slack-signature');
  const timestamp = header('x-slack-request-timestamp');
  if (!isSignedBySlack({ signature, timestamp }, body, caller.secrets, options.now())) return NOT_SIGNED;
  const click = clickIn(body);
  const [chosen] = click?.actions ?? [];
  const action = ACTIONS[chosen?.action_id ?? ''];
  // Also Slack's look whether somebody is there, and links that look like buttons.
  if (click === null || action === undefined) return TAKEN;
  const act = actOn(options, action, chosen?.value ?? '', ownerOf(click, options));
  if (act === null) return TAKEN;
  const id = createHash('sha256').update(`${signature}`).digest('hex');
  return {
    ...TAKEN,
    afterwards: () => actAndTell(options, click, action, () => once(options, caller, id, act)),
  };
}

/** Null where the button is of neither an alert nor an incident. */
function actOn(
  { acts, incidentActs }: CallbackOptions,
  action: Clicked,
  value: string,
  owner: string,
): (() => Promise<Acted>) | null {
  const alert = parseEpisodeRef(value);
  if (alert !== null) return () => acts(action, alert, owner, COMMENT);
  const incident = parseIncidentEpisode(value);
  return incident && (() => incidentActs(action, incident, owner, COMMENT));
}

async function actAndTell(
  { answerSlack }: CallbackOptions,
  click: Click,
  action: Action,
  act: () => Promise<Once>,
): Promise<void> {
  const said = await act().catch((): Once | null => null);
  if (said?.outcome === 'repeated' || typeof click.response_url !== 'string') return;
  const text = said?.text ?? 'It could not be done now. Try again in a moment.';
  await answerSlack(click.response_url, {
    replace_original: false,
    text: escaped(text),
    // That it was taken is told to all by the message itself.
    ...(said?.outcome === 'done' && action === 'silence'
      ? { response_type: 'in_channel', thread_ts: click.container?.message_ts ?? undefined }
      : { response_type: 'ephemeral' }),
  });
}

function clickIn(body: Buffer): Click | null {
  try {
    const payload = new URLSearchParams(body.toString('utf8')).get('payload') ?? '';
    const parsed = clickSchema.safeParse(JSON.parse(payload));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

const ownerOf = ({ user }: Click, { personInSlack }: CallbackOptions): string =>
  personInSlack(user.id) ?? (user.name || user.username || user.id);

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
