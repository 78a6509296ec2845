/**
 * `npm run bench`: starts servers of its own, measures one thing after the other, and writes bench/RESULTS.md. What is
 * measured and how is each measurement's own matter. A whole run takes less than ten minutes on two cores.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../src/domain/errors';
import { startServers } from '../src/dev/servers';
import { benchEvaluate } from './evaluate';
import { benchLatency } from './latency';
import { benchLifecycle } from './lifecycle';
import { figureText, machineText, ratioText, type BenchResult, type BenchStage } from './measure';
import { reportText } from './report';
import { serversText } from './servers-text';

const BENCHES: Readonly<Record<string, (stage: BenchStage) => Promise<BenchResult>>> = {
  evaluate: benchEvaluate,
  lifecycle: benchLifecycle,
  latency: benchLatency,
};
/** Beside the sources, not beside what was compiled from them. */
const RESULTS = join(__dirname, '..', '..', 'bench', 'RESULTS.md');

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !(name in BENCHES));
  if (unknown !== undefined)
    throw new Error(`there is no measurement ${unknown}: ${Object.keys(BENCHES).join(', ')}`);
  const began = Date.now();
  const loadBefore = loadavg()[0]!;
  const say = (line: string): void =>
    console.log(`${((Date.now() - began) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-bench-'));
  // As root, PostgreSQL runs under another account, which has to pass through.
  await chmod(folder, 0o711);
  const servers = await startServers({
    dataDir: folder,
    which: ['kafka', 'temporal', 'postgres'],
    ports: 'any',
    progress: say,
  });
  try {
    const pids = Object.values(servers.handles).flatMap(({ pid }) => (pid === null ? [] : [pid]));
    const stage = {
      kafka: servers.kafka.brokers,
      temporal: servers.temporal.address,
      postgres: servers.postgres.url,
      pids,
      say,
    };
    const results: BenchResult[] = [];
    for (const [name, measure] of Object.entries(BENCHES)) {
      if (names.length > 0 && !names.includes(name)) continue;
      say(`${name}:`);
      const result = await measure(stage);
      results.push(result);
      for (const line of [...result.ratios.map(ratioText), ...result.figures.map(figureText)]) say(line);
    }
    if (names.length > 0) return;
    const head = {
      date: new Date(began),
      machine: machineText(),
      servers: await serversText(stage, servers.handles.kafka?.pid ?? null),
      seconds: (Date.now() - began) / 1_000,
      loadBefore,
    };
    await writeFile(RESULTS, reportText(head, results));
    say('written: bench/RESULTS.md');
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
