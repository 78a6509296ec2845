/** Twilio's API for texts and calls, with its rules. */
import { isPost, isText, judged, refusal, type Vendor } from './rules';

const PATH = '/2010-04-01/Accounts/ACS3cr3t/';

export const twilio: Vendor = (request) => {
  const form = new URLSearchParams(request.body);
  const bad = (code: number, message: string) => refusal(400, { code, message, status: 400 });
  const isCall = request.path === `${PATH}Calls.json`;
  const login = `Basic ${Buffer.from('ACS3cr3t:S3cr3tToken').toString('base64')}`;
  const from = form.get('From') ?? form.get('MessagingServiceSid');
  return judged(
    [
      [request.headers.authorization === login, refusal(401, { code: 20003, message: 'Authenticate' })],
      [isPost(request) && (isCall || request.path === `${PATH}Messages.json`), refusal(404, { code: 20404 })],
      [request.headers['content-type'] === 'application/x-www-form-urlencoded', bad(21603, 'no form')],
      [/^\+[1-9]\d{5,14}$/.test(form.get('To') ?? ''), bad(21211, "The 'To' number is not valid")],
      [isText(from), bad(21212, "The 'From' number is not valid")],
      [isCall || textFits(form.get('Body')), bad(21617, 'The message is empty or too long')],
      [!isCall || markupFits(form.get('Twiml')), bad(21218, 'Twiml is not valid')],
    ],
    { status: 201, body: { sid: isCall ? 'CA1' : 'SM1', status: 'queued' } },
  );
};

const textFits = (body: string | null): boolean => isText(body) && body.length <= 1_600;

/** Well-formed as far as it goes: what is opened is closed in its order. */
export function markupFits(markup: string | null): boolean {
  if (!isText(markup) || markup.length > 4_000 || !markup.startsWith('<?xml version="1.0"')) return false;
  const open: string[] = [];
  for (const [, end, name, , self] of markup.slice(markup.indexOf('?>') + 2).matchAll(TAG)) {
    if (end === '/') {
      if (open.pop() !== name) return false;
    } else if (self !== '/') open.push(name!);
  }
  return open.length === 0 && !/&(?!#\d+;)/.test(markup);
}

const TAG = /<(\/?)([A-Za-z]+)((?:\s+[A-Za-z]+="[^"<>]*")*)\s*(\/?)>/g;
