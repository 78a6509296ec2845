/** Folders for the data of test servers. What a killed run left behind is swept away by the next one. */
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, ownIdentity, parseIdentity } from '../../src/dev/process-identity';

const PREFIX = 'tocsin-test-';
const OWNER = 'owner.json';

/** A new empty folder, which other accounts may pass through: as root, PostgreSQL runs under another. */
export async function makeRunFolder(): Promise<string> {
  await sweep();
  const folder = await mkdtemp(join(tmpdir(), PREFIX));
  await chmod(folder, 0o711);
  await writeFile(join(folder, OWNER), JSON.stringify(ownIdentity()));
  return folder;
}

/** A server of a killed run ends by its watchdog; its files may be in use until then, so what cannot go now goes later. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(tmpdir(), name);
    const age =
      Date.now() -
      (await stat(folder).then(
        (found) => found.mtimeMs,
        () => Date.now(),
      ));
    const owner = parseIdentity(await readFile(join(folder, OWNER), 'utf8').catch(() => ''));
    // Without an owner: being made just now, or brought back by a server that outlived its folder.
    if (owner === null ? age < 3_600_000 : isAlive(owner)) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
