/** Who is not let in by Postgres hears why, and that waiting alone does not help. */
import { asAccessRefused } from '../../../src/history/database-errors';

const fault = (code: string, message: string): Error => Object.assign(new Error(message), { code });

it.each([
  [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), /its URL has none$/],
  [fault('28P01', 'password authentication failed for user "app"'), /not take the URL's password .*"app"/],
  [fault('28000', 'role "app" does not exist'), /lets this user in no such way .*role "app"/],
  [fault('3D000', 'database "nope" does not exist'), /create it, or name another one in the URL .*"nope"/],
  [fault('42501', 'permission denied for database "orders"'), /not granted .* to create a schema.*"orders"/],
])('%s', (error, message) => {
  expect(asAccessRefused(error)).toMatchObject({
    code: 'TOC_ACCESS_REFUSED',
    retryable: true,
    message: expect.stringMatching(message) as string,
    cause: error,
  });
});

it.each([fault('ECONNREFUSED', 'connect ECONNREFUSED'), fault('42601', 'syntax error')])(
  '%s stays what it is',
  (error) => expect(asAccessRefused(error)).toBe(error),
);
