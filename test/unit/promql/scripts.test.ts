/** Every script beside this file, and those of the folder that TOCSIN_PROMQL_SCRIPTS names. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runScript } from '../../support/promql-script';

const folders = [join(__dirname, 'scripts'), process.env.TOCSIN_PROMQL_SCRIPTS].filter(
  (folder) => folder !== undefined,
);
const scripts = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.test'))
    .map((name) => join(folder, name)),
);

test.each(scripts)('%s', (path) => {
  const { passed, refused, failures } = runScript(readFileSync(path, 'utf8'));
  if (process.env.TOCSIN_PROMQL_SCRIPTS !== undefined)
    console.log(path, { passed, refused: refused.length, failed: failures.length });
  expect(failures).toEqual([]);
  expect(passed).toBeGreaterThan(0);
});
