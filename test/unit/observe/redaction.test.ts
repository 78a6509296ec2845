import { Writable } from 'node:stream';
import fc from 'fast-check';
import { createLogger, redactUrl } from '../../../src/observe/observe';
import { redactLine } from '../../../src/observe/redact';
import { busyMs } from '../../harness/busy-ms';

function capture(level: 'info' | 'debug' = 'info') {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().trim().split('\n'));
      done();
    },
  });
  const log = createLogger({ level, role: 'evaluator', instance: 'blue', destination });
  return { log, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> };
}

describe('a URL shown to people', () => {
  test.each([
    ['postgres://app:s3cret@db:5432/orders', 'postgres://app:***@db:5432/orders'],
    ['postgres://app:p%40ss@db/orders?sslmode=require', 'postgres://app:***@db/orders?sslmode=require'],
    ['postgres://app:p@ss/w0rd@db/orders', 'postgres://app:***@db/orders'],
    ['https://t0ken@hooks.example.com/x', 'https://***@hooks.example.com/x'],
    ['https://h.example.com/x?token=abc&a=1', 'https://h.example.com/x?token=***&a=1'],
    ['snowflake://h?account=a&password=abc', 'snowflake://h?account=a&password=***'],
    ['http://127.0.0.1:9480/ingest', 'http://127.0.0.1:9480/ingest'],
    ['write to dba@example.com', 'write to dba@example.com'],
    ['cannot reach postgres://a:b@h/d: refused', 'cannot reach postgres://a:***@h/d: refused'],
  ])('%s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
});

describe('a line of JSON', () => {
  test('hides a value whatever it holds, at each depth, and keeps what stands beside it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: fc.constantFrom('\\', '"', 'a') }), (any, quotes) => {
        for (const password of [any, quotes]) {
          const one = JSON.stringify({ before: 1, password, after: 2 });
          const two = JSON.stringify({ raw: one, kept: 'yes' });
          const three = JSON.stringify({ raw: two, kept: 'yes' });
          const hidden = { before: 1, password: '***', after: 2 };
          expect(JSON.parse(redactLine(one))).toEqual(hidden);
          const outer = JSON.parse(redactLine(three)) as { raw: string; kept: string };
          const inner = JSON.parse(outer.raw) as { raw: string; kept: string };
          expect([outer.kept, inner.kept, JSON.parse(inner.raw)]).toEqual(['yes', 'yes', hidden]);
        }
      }),
    );
  });

  test.each([
    ['a long word', 'a'.repeat(60_000)],
    ['a long word in a URL', `x:// ${'a'.repeat(60_000)}`],
    ['many schemes', '://:'.repeat(15_000)],
    ['a secret that never ends', `"password":"${'\\a'.repeat(20_000)}`],
    ['backslashes', '\\'.repeat(30_000)],
    ['many secrets', '"password":"x\\"'.repeat(4_000)],
    ['many queries', '?a'.repeat(30_000)],
  ])('of a stranger is cleaned soon: %s', (_name, text) => {
    const begun = busyMs();
    redactLine(JSON.stringify({ text }));
    // What grows with the square of the length, or worse, takes minutes.
    expect(busyMs() - begun).toBeLessThan(5_000);
  });
});

describe('the logger', () => {
  it('writes JSON with level, time, role, instance and the message', () => {
    const { log, last } = capture();
    log.info({ target: 'prod-db-01' }, 'collected');
    expect(last()).toMatchObject({
      level: 'info',
      role: 'evaluator',
      instance: 'blue',
      target: 'prod-db-01',
      msg: 'collected',
    });
    expect(new Date(last().time as string).toISOString()).toBe(last().time);
  });

  it('carries the correlation id of a child', () => {
    const { log, last } = capture();
    log.child({ correlation_id: 'c-1' }).warn('late');
    expect(last()).toMatchObject({ correlation_id: 'c-1', level: 'warn' });
  });

  it('hides secrets at any depth, in bindings, headers and nested JSON texts', () => {
    const { log, lines, last } = capture();
    log.child({ apiKey: 'K-1111' }).info(
      {
        password: 'P-2222',
        smtp: { auth: { pass_token: 'T-3333' } },
        request: { headers: { Authorization: 'Bearer abcdef123456' } },
        raw: JSON.stringify({ password: 'Q-4444', a: 'kept "this"' }),
      },
      'x',
    );
    expect(lines.join('\n')).not.toMatch(/K-1111|P-2222|T-3333|abcdef123456|Q-4444/);
    expect(last().password).toBe('***');
    expect(JSON.parse(last().raw as string)).toEqual({ password: '***', a: 'kept "this"' });
  });

  it('hides the password inside an error message and its stack', () => {
    const { log, lines, last } = capture();
    log.error(new Error('connect postgres://app:s3cret@db/x refused'), 'away');
    expect(lines.join('')).not.toContain('s3cret');
    expect(last().err).toMatchObject({ message: 'connect postgres://app:***@db/x refused' });
  });

  it('stays valid JSON whatever the secret holds', () => {
    const { log, last } = capture();
    for (const secret of ['a"b', 'a\\', 'a\\"', '{"x":1}', '\n', 'ü', '"']) {
      log.info({ password: secret, after: 'kept' }, 'x');
      expect(last()).toMatchObject({ password: '***', after: 'kept', msg: 'x' });
    }
  });

  it('keeps quiet below its level', () => {
    const { log, lines } = capture();
    log.debug('nothing');
    expect(lines).toEqual([]);
  });
});
