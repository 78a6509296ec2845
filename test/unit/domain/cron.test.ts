import { cronFault } from '../../../src/domain/cron';

it.each(['0 10 1 * *', '*/15 9-17 * * mon-fri', '0 0,12 1-7 jan,JUL 0', '5 4 * * 7', '0 8-18/2 * 1-6 *'])(
  'takes %s',
  (text) => expect(cronFault(text)).toBeNull(),
);

it.each([
  ['0 10 1 *', 'has 4 parts'],
  ['@monthly', 'has 1 parts'],
  ['60 10 1 * *', 'no minute in "60": 0 to 59'],
  ['0 24 1 * *', 'no hour'],
  ['0 10 0 * *', 'no day of the month'],
  ['0 10 1 13 *', 'no month'],
  ['0 10 1 * funday', 'no weekday'],
  ['0 10 1 * fri-mon', 'no weekday'],
  ['0 10 */0 * *', 'no day of the month'],
  ['0 10 1,, * *', 'no day of the month'],
  ['*-5 10 1 * *', 'no minute'],
])('refuses %s', (text, why) => expect(cronFault(text)).toContain(why));
