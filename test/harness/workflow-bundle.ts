/**
 * The workflow bundle, made once for all suites: kept under node_modules/.cache by a hash of the sources, so that jest's
 * workers and later runs share it. A change in any source makes another bundle.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflows } from '../../workers/bundle';

const ROOT = join(__dirname, '..', '..');
const CACHE = join(ROOT, 'node_modules', '.cache', 'tocsin');
const SOURCES = [
  'workflows',
  'runbooks',
  'src/domain',
  'src/temporal/payload-converter.ts',
  'activities',
  'workers/bundle.ts',
  'package-lock.json',
];

let once: Promise<{ codePath: string }> | null = null;

/** For `Worker.create({ workflowBundle })`. */
export function workflowBundle(): Promise<{ codePath: string }> {
  return (once ??= makeBundle());
}

async function makeBundle(): Promise<{ codePath: string }> {
  const codePath = join(CACHE, `workflows-${await hashOfSources()}.js`);
  if (
    await readFile(codePath).then(
      () => true,
      () => false,
    )
  )
    return { codePath };
  const { code } = await bundleWorkflows();
  await mkdir(CACHE, { recursive: true });
  for (const old of await readdir(CACHE)) {
    if (old.startsWith('workflows-')) await rm(join(CACHE, old), { force: true });
  }
  const partial = `${codePath}.${randomBytes(4).toString('hex')}`;
  await writeFile(partial, code);
  await rename(partial, codePath);
  return { codePath };
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) await addTo(hash, join(ROOT, source));
  return hash.digest('hex').slice(0, 16);
}

async function addTo(hash: ReturnType<typeof createHash>, path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => null);
  if (entries === null) {
    hash.update(path.slice(ROOT.length)).update(await readFile(path).catch(() => ''));
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) await addTo(hash, join(path, entry.name));
}
