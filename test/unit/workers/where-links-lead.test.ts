/** Where the links in messages of `tocsin serve` lead: to what people are told to use, otherwise to where it listens. */
import { hostname } from 'node:os';
import { linksLeadTo } from '../../../workers/serve';

it.each([
  ['https://karma.example', '127.0.0.1', false, 'https://karma.example'],
  [null, '127.0.0.1', false, 'http://127.0.0.1:9093'],
  [null, '127.0.0.1', true, 'https://127.0.0.1:9093'],
  [null, '::1', true, 'https://[::1]:9093'],
  [null, '::', false, `http://${hostname()}:9093`],
])('told %s, listening at %s, with TLS: %s', (externalUrl, host, isTls, expected) => {
  expect(linksLeadTo({ externalUrl, listen: { host, port: 9_093 } }, isTls)).toBe(expected);
});
