/** `stripPort` and `stripDomain` know names, IPv4 and IPv6 addresses, and leave what is neither. */
import { ruleText } from './rule';

it.each([
  ['foo.example.com', 'foo.example.com', 'foo'],
  ['foo.example.com:12345', 'foo.example.com', 'foo:12345'],
  ['localhost:9090', 'localhost', 'localhost:9090'],
  ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:12345', '192.0.2.1', '192.0.2.1:12345'],
  ['256.1.1.1', '256.1.1.1', '256'],
  ['1.2.3.4.5', '1.2.3.4.5', '1'],
  ['01.2.3.4', '01.2.3.4', '01'],
  ['2001:0DB8::1', '2001:0DB8::1', '2001:0DB8::1'],
  ['[2001:0DB8::1]:12345', '2001:0DB8::1', '[2001:0DB8::1]:12345'],
  ['[2001:0DB8::1]::12345', '[2001:0DB8::1]::12345', '[2001:0DB8::1]::12345'],
  ['fe80::1%eth0.100', 'fe80::1%eth0.100', 'fe80::1%eth0.100'],
  ['[fe80::1%eth0.100]:9090', 'fe80::1%eth0.100', '[fe80::1%eth0.100]:9090'],
  ['::ffff:192.0.2.1%eth0.100', '::ffff:192.0.2.1%eth0.100', '::ffff:192.0.2.1%eth0.100'],
  ['[x.y]:9090', 'x.y', 'x:9090'],
  [':80', '', ':80'],
  ['', '', ''],
])('%s', (address, withoutPort, withoutDomain) => {
  expect(ruleText(`{{ stripPort "${address}" }}`)).toBe(withoutPort);
  expect(ruleText(`{{ "${address}" | stripDomain }}`)).toBe(withoutDomain);
});
