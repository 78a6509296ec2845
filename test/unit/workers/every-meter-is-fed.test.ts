/** A meter that nobody feeds says "nothing happens" whatever happens. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics } from '../../../src/observe/observe';

const ROOT = join(__dirname, '..', '..', '..');
const code = ['src', 'workers', 'activities']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(ROOT, folder, file), 'utf8')),
  )
  .join('\n');
const { registry: _, ...meters } = createMetrics({ process: false });

it.each(Object.keys(meters))('%s is fed', (meter) => {
  expect(code).toMatch(new RegExp(`metrics\\.${meter}\\.(inc|set|observe|startTimer)\\(`));
});

it('the operations guide names only meters that exist', async () => {
  const guide = readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8');
  const named = new Set([...guide.matchAll(/tocsin_[a-z_]+[a-z]/g)].map(([name]) => name));
  const shown = await createMetrics({ process: false }).registry.metrics();
  const known = [...shown.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name);
  expect([...named].filter((name) => !known.includes(name))).toEqual([]);
});

it('would find one that is not', () => {
  expect(code).not.toMatch(/metrics\.nobody\.(inc|set|observe|startTimer)\(/);
});
