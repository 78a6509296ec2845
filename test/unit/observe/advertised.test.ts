/** The address that others are told leads to the server from where they are, as far as that is known. */
import { hostname } from 'node:os';
import { addressOf, advertisedAddress } from '../../../src/observe/observe';

test.each([
  ['127.0.0.1', null, '127.0.0.1:9464'],
  ['10.0.0.5', null, '10.0.0.5:9464'],
  ['::1', null, '[::1]:9464'],
  ['0.0.0.0', null, `${hostname()}:9464`],
  ['::', null, `${hostname()}:9464`],
  ['0.0.0.0', 'tools.example.com', 'tools.example.com:9464'],
  ['0.0.0.0', 'tools.example.com:80', 'tools.example.com:80'],
  ['::', '[fe80::1]', '[fe80::1]:9464'],
  ['::', '[fe80::1]:80', '[fe80::1]:80'],
])('%s, advertised as %s: %s', (host, advertise, expected) => {
  expect(advertisedAddress({ host, advertise }, 9_464)).toBe(expected);
});

test('what is listened on is written as it is', () => {
  expect(['127.0.0.1', '::', '[::1]'].map((host) => addressOf(host, 9_093))).toEqual([
    '127.0.0.1:9093',
    '[::]:9093',
    '[::1]:9093',
  ]);
});
