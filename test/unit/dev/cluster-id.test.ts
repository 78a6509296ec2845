import { clusterId } from '../../../src/dev/kafka';

test.each([0x00, 0x7f, 0xf8, 0xfb, 0xff])('an id whose first byte is %i is no option', (byte) => {
  const id = clusterId(new Uint8Array(16).fill(byte));
  expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
});
