import { createLogger } from '../../../src/observe/logger';
import { shortLine, shortLines } from '../../../src/observe/short-lines';

const lines: string[] = [];
const log = createLogger({
  level: 'info',
  role: 'collector+evaluator',
  destination: shortLines((line) => lines.push(line)),
});
beforeEach(() => (lines.length = 0));

it.each([
  [
    () => log.info({ url: 'http://127.0.0.1:9480' }, 'listens on http://127.0.0.1:9480'),
    'info  listens on http://127.0.0.1:9480',
  ],
  [
    () => log.info({ receiver: 'people', attempts: 1, correlation_id: 'c' }, 'message sent'),
    'info  message sent  receiver=people  attempts=1',
  ],
  [
    () => log.error({ err: new Error('connection refused') }, 'not stored'),
    'error not stored: connection refused',
  ],
  [() => log.warn({ err: new Error('gone') }, 'postgres: gone'), 'warn  postgres: gone'],
  [() => log.warn({ url: 'postgres://app:s3cret@db/x' }, 'away'), 'warn  away  url=postgres://app:***@db/x'],
])('a line has its time, its level, its message and what that leaves unsaid', (write, expected) => {
  write();
  expect(lines).toEqual([expect.stringMatching(/^\d\d:\d\d:\d\d /)]);
  expect(lines[0]!.slice(9)).toBe(expected);
});

it('shows a text of several lines below', () => {
  log.info({ to: 'a@b', text: 'FIRING\n\nValue 3\n' }, 'a mail');
  expect(lines[0]!.slice(9)).toBe('info  a mail  to=a@b\n    FIRING\n\n    Value 3');
});

it('lets nobody command the terminal', () => {
  log.info('a\u001b[2Jb');
  expect(lines[0]!.slice(9)).toBe('info  a�[2Jb');
});

it('passes on what is no line of the logger', () => {
  expect(shortLine('plain text\n')).toBe('plain text');
});

it('says a message of several lines once', () => {
  log.error({ reason: 'SIGHUP', err: new Error('a:1: x\nb:2: y') }, 'the rules stay: a:1: x\nb:2: y');
  expect(lines.join('\n').match(/a:1: x/g)).toHaveLength(1);
  expect(lines.join('\n').match(/b:2: y/g)).toHaveLength(1);
});
