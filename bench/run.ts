/**
 * `npm run bench`: starts servers of its own, measures one thing after the other, and writes bench/RESULTS.md. What is
 * measured and how is each measurement's own matter; each takes less than four minutes on two cores, a whole run less than
 * half an hour. `-- NAME…` measures some and leaves the file as it is, `-- --write NAME…` replaces their parts of it. With
 * `--short` a measurement that takes long does less of it, and nothing is written.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../src/domain/errors';
import { startServers, type ServerName } from '../src/dev/servers';
import { benchArrival } from './arrival';
import { benchEvaluate } from './evaluate';
import { benchGroup } from './group';
import { benchKill } from './kill';
import { benchLatency } from './latency';
import { benchLifecycle } from './lifecycle';
import { figureText, machineText, ratioText, type BenchResult, type BenchStage } from './measure';
import { reportText, type ReportHead } from './report';
import { benchScale } from './scale';
import { serversText } from './servers-text';
import { benchSnapshot } from './snapshot';
import { benchSteady } from './steady';
import { benchStorm } from './storm';
import { benchWindows } from './windows';

interface Bench {
  readonly measure: (stage: BenchStage) => Promise<BenchResult>;
  readonly on: readonly ServerName[];
}

const ALL_SERVERS = ['kafka', 'temporal', 'postgres'] as const;
const BENCHES: Readonly<Record<string, Bench>> = {
  evaluate: { measure: benchEvaluate, on: ['kafka'] },
  arrival: { measure: benchArrival, on: ['kafka'] },
  scale: { measure: benchScale, on: ['kafka'] },
  windows: { measure: benchWindows, on: ['kafka'] },
  group: { measure: benchGroup, on: [] },
  snapshot: { measure: benchSnapshot, on: ['kafka'] },
  lifecycle: { measure: benchLifecycle, on: ALL_SERVERS },
  latency: { measure: benchLatency, on: ALL_SERVERS },
  storm: { measure: benchStorm, on: ALL_SERVERS },
  kill: { measure: benchKill, on: ALL_SERVERS },
  steady: { measure: benchSteady, on: ALL_SERVERS },
};
const FLAGS = ['--write', '--short'];
/** Beside the sources, not beside what was compiled from them. */
const RESULTS = join(__dirname, '..', '..', 'bench', 'RESULTS.md');

async function main(args: readonly string[]): Promise<void> {
  const asked = args.filter((arg) => !FLAGS.includes(arg));
  const short = args.includes('--short');
  const unknown = asked.find((name) => !(name in BENCHES));
  if (unknown !== undefined)
    throw new Error(`there is no measurement ${unknown}: ${Object.keys(BENCHES).join(', ')}`);
  const names = Object.keys(BENCHES).filter((name) => asked.length === 0 || asked.includes(name));
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-bench-'));
  // As root, PostgreSQL runs under another account, which has to pass through.
  await chmod(folder, 0o711);
  try {
    const [head, results] = await measureAll(names, folder, short);
    if (short || (asked.length > 0 && !args.includes('--write'))) return;
    const before = asked.length === 0 ? '' : await readFile(RESULTS, 'utf8');
    await writeFile(RESULTS, reportText(head, results, before));
    console.log('written: bench/RESULTS.md');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureAll(
  names: readonly string[],
  folder: string,
  short: boolean,
): Promise<[ReportHead, BenchResult[]]> {
  const began = Date.now();
  const loadBefore = loadavg()[0]!;
  const say = (line: string): void =>
    console.log(`${((Date.now() - began) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
  const which = ALL_SERVERS.filter((server) => names.some((name) => BENCHES[name]!.on.includes(server)));
  const servers = await startServers({ dataDir: folder, which, ports: 'any', progress: say });
  try {
    const stage = stageOf(servers, say, short);
    const results: BenchResult[] = [];
    for (const name of names) {
      say(`${name}:`);
      const result = await BENCHES[name]!.measure(stage);
      results.push(result);
      for (const line of [...result.ratios.map(ratioText), ...result.figures.map(figureText)]) say(line);
    }
    const head = {
      date: new Date(began),
      machine: machineText(),
      servers: await serversText(which, stage, servers.handles.kafka?.pid ?? null),
      loadBefore,
    };
    say('done');
    return [head, results];
  } finally {
    await servers.stop();
  }
}

type Servers = Awaited<ReturnType<typeof startServers<ServerName>>>;

/** What nobody has asked for has no address. */
function stageOf(
  servers: Partial<Servers> & Pick<Servers, 'handles'>,
  say: BenchStage['say'],
  short: boolean,
): BenchStage {
  return {
    kafka: servers.kafka?.brokers ?? [],
    temporal: servers.temporal?.address ?? '',
    postgres: servers.postgres?.url ?? '',
    pids: Object.values(servers.handles).flatMap(({ pid }) => (pid === null ? [] : [pid])),
    say,
    short,
  };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
