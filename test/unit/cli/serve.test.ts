/** What `tocsin serve` makes of its command line, before anything is started. */
import { cannotListen } from '../../../src/observe/observe';
import type { ServeOptions } from '../../../src/cli/port';
import { run } from './fake-context';

const FILE = ['--alertmanager-config', 'examples/alertmanager.yml'];

/** Without a tocsin.yaml, unless `env` names one. */
async function served(args: readonly string[], env: Record<string, string> = {}) {
  const seen: ServeOptions[] = [];
  const wire = { runServe: async (options: ServeOptions) => void seen.push(options) };
  const ran = await run(['serve', ...FILE, ...args], {}, { env, wire });
  return { ...ran, options: seen[0] };
}

describe('where people reach it', () => {
  it.each([
    [[], null, ''],
    [['--external-url', ''], null, ''],
    [['--external-url', 'http://pages.example/am'], 'http://pages.example/am', '/am'],
    [['--external-url', 'http://pages.example/am/'], 'http://pages.example/am', '/am'],
    [['--external-url', 'https://pages.example/'], 'https://pages.example', ''],
    [['--external-url', 'http://pages.example/am', '--route-prefix', '/x'], 'http://pages.example/am', '/x'],
    [['--external-url', 'http://pages.example/am', '--route-prefix', '/'], 'http://pages.example/am', '/'],
  ])('%j: its URL is %s, and paths begin with "%s"', async (args, externalUrl, routePrefix) => {
    expect((await served(args)).options).toMatchObject({ externalUrl, routePrefix });
  });

  it.each(['tocsin.example', 'tocsin.example:9093', '/am', 'ftp://tocsin.example'])(
    'is no %j, and nothing starts with that',
    async (url) => {
      const { code, err, options } = await served(['--external-url', url]);
      expect(err).toContain(`--external-url ${url}: it stands in links`);
      expect(err).toContain('accepted is a URL such as https://tocsin.example');
      expect([code, options]).toEqual([2, undefined]);
    },
  );
});

it('says what to do where another process listens', async () => {
  const cause = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });
  const runServe = async () => {
    throw cannotListen('the API', { host: '::', port: 9_093 }, '--listen', cause);
  };
  const { code, err } = await run(['serve', ...FILE], {}, { env: {}, wire: { runServe } });
  expect(err).toBe(
    'tocsin serve: the API cannot listen on [::]:9093: another process listens there (listen EADDRINUSE); choose another address with --listen. Give an address of this machine that is free.',
  );
  expect(code).toBe(2);
});
