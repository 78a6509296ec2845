/** The address that is connected to is the one that was looked at: a name gains nothing by leading elsewhere the next moment. */
import { createNetworks, AddressDenied } from '../../../../src/notify/channels/networks';

type Found = { address: string; family: number };

/** Answers each question for a name with the next addresses. */
function names(...answers: string[][]) {
  const asked: string[] = [];
  const resolve = (host: string, _options: object, callback: (error: null, found: Found[]) => void): void => {
    asked.push(host);
    const addresses = answers.length > 1 ? answers.shift()! : answers[0]!;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { asked, resolve: resolve as never };
}

const lookUp = (networks: ReturnType<typeof createNetworks>, host: string, all = false) =>
  new Promise<unknown>((resolve, reject) =>
    networks.lookup(host, { all }, (error, address) => (error === null ? resolve(address) : reject(error))),
  );

test('a name that leads to a denied address is refused, and asked for once', async () => {
  const { asked, resolve } = names(['169.254.169.254'], ['192.0.2.1']);
  const networks = createNetworks({ allow: [], deny: [] }, resolve);
  await expect(lookUp(networks, 'rebind.example')).rejects.toThrow(AddressDenied);
  expect(asked).toEqual(['rebind.example']);
});

test('of several addresses only those that are allowed are tried', async () => {
  const { resolve } = names(['169.254.169.254', '192.0.2.1', 'fe80::1']);
  const networks = createNetworks({ allow: [], deny: [] }, resolve);
  expect(await lookUp(networks, 'mixed.example', true)).toEqual([{ address: '192.0.2.1', family: 4 }]);
  expect(await lookUp(networks, 'mixed.example')).toBe('192.0.2.1');
});

test.each([
  ['10.1.2.3', true],
  ['10.2.0.1', false],
  ['::ffff:10.2.0.1', false],
  ['8.8.8.8', true],
  ['100.100.100.200', false],
  ['fd00:ec2::254', false],
  ['fd00::1', true],
])('%s: %s', (address, expected) => {
  expect(createNetworks({ allow: ['10.1.0.0/16'], deny: ['10.0.0.0/8'] }).allows(address)).toBe(expected);
});
