/** What stories have in common in which somebody clicks in Slack: the bot, the person, and where clicks are posted. */
import { slackClick, type SlackMessage } from '../servers/vendors/slack';
import type { HttpCatcher } from './http-catcher';

const SECRET = 'slack-secret';
const USER = 'U0ANA';

/** Ana, a receiver named slack whose API is the catcher's, and callbacks on a port of their own. */
export const slackStory = ({ url }: Pick<HttpCatcher, 'url'>) => ({
  log: { level: 'debug' },
  http: { port: 0, callbacks: { listen: '127.0.0.1:0' } },
  people: [{ name: 'ana', slack: USER, notify: { high: ['slack'] } }],
  receivers: [
    {
      ...{ name: 'slack', type: 'slack', channel: 'C012AB3CD' },
      ...{ token: 'xoxb-S3cr3tToken', api_url: `${url}/api`, signing_secrets: [SECRET] },
    },
  ],
});

/** Of the role that listens to services, by its own word. */
export function callbacksOf(listener: { output(): string }): string {
  const [, address] = /"address":"([^"]+)".*callbacks of services/.exec(listener.output())!;
  return `${address}/callbacks`;
}

/** Her click on the message's first button; what comes of it is posted to /response of the catcher. */
export const anaClicks = (message: SlackMessage, { url }: Pick<HttpCatcher, 'url'>) =>
  slackClick(message, { user: USER, secret: SECRET, responseUrl: `${url}/response` });
