/** An SMTP server that keeps the mails it accepted and refuses as the test says. */
import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

export interface CaughtMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The mail as it came over the wire. */
  readonly raw: string;
  readonly mail: Email;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface SmtpRefusal {
  /** The command that is refused. */
  readonly command: 'connect' | 'mail' | 'rcpt' | 'data';
  /** 4xx: come again; 5xx: never. */
  readonly code: number;
  readonly text?: string;
  /** Only this recipient; with `rcpt`. */
  readonly recipient?: string;
}

export interface SmtpCatcher {
  readonly host: string;
  readonly port: number;
  readonly mails: readonly CaughtMail[];
  /** How clients have logged in: method and user. */
  readonly logins: readonly string[];
  /** What clients have called themselves. */
  readonly greetings: readonly string[];
  /** The next fitting commands are refused, one each. */
  refuse(...refusals: readonly SmtpRefusal[]): void;
  /** From now on fitting commands are refused; null ends that. */
  refuseAlways(refusal: SmtpRefusal | null): void;
  close(): Promise<void>;
}

export interface SmtpCatcherOptions {
  readonly port?: number;
  /** Asks for this login. */
  readonly user?: string;
  readonly password?: string;
  /** None for a server that knows no logins. */
  readonly authMethods?: readonly string[];
  /** Encrypts: from the first byte, or when the client asks for it. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly from: 'start' | 'command' };
}

export async function startSmtpCatcher(options: SmtpCatcherOptions = {}): Promise<SmtpCatcher> {
  const mails: CaughtMail[] = [];
  const logins: string[] = [];
  const greetings: string[] = [];
  const waiting: SmtpRefusal[] = [];
  let always: SmtpRefusal | null = null;
  const refusalOf = (command: SmtpRefusal['command'], recipient?: string): Error | null => {
    const fits = (refusal: SmtpRefusal) =>
      refusal.command === command && (refusal.recipient === undefined || refusal.recipient === recipient);
    const at = waiting.findIndex(fits);
    const found = at >= 0 ? waiting.splice(at, 1)[0] : always;
    if (!found || !fits(found)) return null;
    return Object.assign(new Error(found.text ?? 'refused by the test'), { responseCode: found.code });
  };
  const server = new SMTPServer({
    disabledCommands: [
      ...(options.tls?.from === 'command' ? [] : ['STARTTLS']),
      ...(options.authMethods?.length === 0 ? ['AUTH'] : []),
    ],
    secure: options.tls?.from === 'start',
    ...(options.tls && { key: options.tls.key, cert: options.tls.cert }),
    ...(options.authMethods && { authMethods: [...options.authMethods] }),
    authOptional: options.user === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    onAuth(auth, _session, done) {
      const { password = '' } = options;
      const isPassword =
        auth.method === 'CRAM-MD5' ? auth.validatePassword(password) : auth.password === password;
      const right = auth.username === options.user && isPassword;
      if (right) logins.push(`${auth.method} ${auth.username}`);
      done(right ? null : new Error('wrong login'), right ? { user: auth.username } : undefined);
    },
    onConnect: (_session, done) => done(refusalOf('connect')),
    onMailFrom: (_address, session, done) => {
      greetings.push(session.hostNameAppearsAs);
      done(refusalOf('mail'));
    },
    onRcptTo: (address, _session, done) => done(refusalOf('rcpt', address.address)),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => {
        const refusal = refusalOf('data');
        if (refusal !== null) return done(refusal);
        void caught(session, Buffer.concat(chunks)).then((mail) => {
          mails.push(mail);
          done();
        }, done);
      });
    },
  });
  // Clients that break off in the middle are part of the tests.
  server.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return {
    host: '127.0.0.1',
    port: (server.server.address() as AddressInfo).port,
    mails,
    logins,
    greetings,
    refuse: (...refusals) => void waiting.push(...refusals),
    refuseAlways: (refusal) => void (always = refusal),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function caught(session: SMTPServerSession, raw: Buffer): Promise<CaughtMail> {
  const from = session.envelope.mailFrom;
  return {
    from: from === false ? '' : from.address,
    to: session.envelope.rcptTo.map((recipient) => recipient.address),
    raw: raw.toString('utf8'),
    mail: await PostalMime.parse(raw),
    at: Date.now(),
  };
}
