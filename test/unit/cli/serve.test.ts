/** What `tocsin serve` makes of its command line, before anything is started. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cannotListen } from '../../../src/observe/observe';
import type { ServeOptions, Wiring } from '../../../src/cli/port';
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

describe('the instance', () => {
  it.each([
    [[], {}, 'alertmanager'],
    [[], { TOCSIN_INSTANCE: '' }, 'alertmanager'],
    [[], { TOCSIN_INSTANCE: 'blue' }, 'blue'],
    [['--instance', 'green'], { TOCSIN_INSTANCE: 'blue' }, 'green'],
    [['--instance', ''], { TOCSIN_INSTANCE: 'blue' }, ''],
  ])('with %j and %j is "%s"', async (args, env, instance) => {
    expect((await served(args, env)).options?.config.instance).toBe(instance);
  });

  it('of the environment is named where it is none', async () => {
    const { code, err } = await served([], { TOCSIN_INSTANCE: 'a b' });
    expect(err).toContain('TOCSIN_INSTANCE a b: letters, digits');
    expect(code).toBe(2);
  });

  it.each([
    [[], '', 'blue'],
    [[], 'instance: own', 'own'],
    [['--instance', 'green'], 'instance: own', 'green'],
    [['--instance', ''], '', ''],
  ])('of people, with %j beside a file with "%s", is "%s"', async (args, text, expected) => {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-instance-'));
    const file = join(folder, 'tocsin.yaml');
    writeFileSync(file, text);
    const seen: string[] = [];
    const openOperator: Wiring['openOperator'] = async ({ instance }) => {
      seen.push(instance);
      throw new Error('seen');
    };
    try {
      const env = { TOCSIN_INSTANCE: 'blue' };
      await run(['alerts', 'list', '--config', file, ...args], {}, { env, wire: { openOperator } });
      expect(seen).toEqual([expected]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it.each([
  ['escalation: [{ name: all, levels: [{ name: first, receivers: [hook], timeout: 15m }] }]', true],
  ['', false],
])('says that nobody sends the messages of "%s"', async (escalation, isSaid) => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-escalation-'));
  const file = join(folder, 'tocsin.yaml');
  writeFileSync(
    file,
    `receivers: [{ name: hook, type: webhook, url: "http://127.0.0.1:1" }]\n${escalation}\n`,
  );
  try {
    const { err, options } = await served([], { TOCSIN_CONFIG: file });
    expect(err.includes(`${file}: its escalation writes messages that tocsin serve does not send`)).toBe(
      isSaid,
    );
    expect(options?.config.file).toBe(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('pages of other origins', () => {
  it.each([
    [[], null],
    [['--web.cors.origin', ''], null],
    [['--web.cors.origin', 'https://karma\\.example'], 'https://karma\\.example'],
  ])('with %j are %s', async (args, corsOrigin) => {
    expect((await served(args)).options?.corsOrigin).toBe(corsOrigin);
  });

  it('are given by a regular expression', async () => {
    const { code, err } = await served(['--web.cors.origin', '(']);
    expect(err).toContain('--web.cors.origin has "(", which is no regular expression of RE2');
    expect(code).toBe(2);
  });
});

describe('a file that is not there', () => {
  it.each([
    [['serve', '--alertmanager-config', 'nope.yml'], '--alertmanager-config: there is no file nope.yml;'],
    [['receivers', 'test', '--alertmanager-config', 'nope.yml'], '--alertmanager-config: there is no file'],
    [['routes', 'show', 'nope.yml'], '<file>: there is no file nope.yml; name your alertmanager.yml'],
    [['routes', 'test', 'severity=critical'], 'it looks like a label: the file comes before it'],
    [['config', 'diff', 'examples/alertmanager.yml', 'nope.yml'], '<new>: there is no file nope.yml'],
    [['serve', '--alertmanager-config', 'examples'], '--alertmanager-config: examples is a folder'],
  ])('%j', async (args, text) => {
    const { code, err, calls } = await run(args, {}, { env: {} });
    expect(err).toContain(text);
    expect(err).not.toContain('ENOENT');
    expect([code, calls]).toEqual([2, []]);
  });
});
