/** docs/metrics.md is the catalogue: the same page, and the same names. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE, cataloguePage } from '../../../src/collect/catalogue';
import { COLLECTORS } from '../../../src/collect/collectors';
import { TARGET_TYPES } from '../../../src/collect/port';

const FILE = join(__dirname, '../../../docs/metrics.md');
if (process.env['UPDATE_DOCS'] === '1') writeFileSync(FILE, cataloguePage());
const page = readFileSync(FILE, 'utf8');

/** The metrics of each type, as somebody reads them in the page's tables. */
function namesIn(text: string): string[] {
  let type: string | null = null;
  const names: string[] = [];
  for (const line of text.split('\n')) {
    type = /^## .*\(`(\w+)`\)/.exec(line)?.[1] ?? type;
    const name = /^\| `(\w+)` \| [^`]/.exec(line)?.[1];
    if (name !== undefined) names.push(`${type ?? 'all'} ${name}`);
  }
  return names.sort();
}

it('the page is made from the catalogue (UPDATE_DOCS=1 makes it anew)', () => {
  expect(page).toBe(cataloguePage());
});

it('the page lists exactly the names of the catalogue', () => {
  const ofGroups = CATALOGUE.filter(({ group }) => group !== null);
  const expected = [...ofGroups.map(({ type, name }) => `${type} ${name}`), 'all collection_success'];
  expect(namesIn(page)).toEqual(expected.sort());
});

it.each(TARGET_TYPES)('%s: no name twice, and each with unit, meaning and source', (type) => {
  const entries = CATALOGUE.filter((entry) => entry.type === type);
  const names = entries.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  const empty = entries.filter((entry) =>
    [entry.unit, entry.description, entry.source].some((text) => text === ''),
  );
  expect(empty).toEqual([]);
  expect(names.length).toBeGreaterThanOrEqual(12);
});

it('a name has one unit, whichever the database', () => {
  const units = new Map<string, Set<string>>();
  for (const { name, unit } of CATALOGUE) units.set(name, (units.get(name) ?? new Set()).add(unit));
  expect([...units].filter(([, each]) => each.size > 1)).toEqual([]);
});

it('the first group of every collector decides on up, and groups have the figures of the requirements', () => {
  for (const { groups } of COLLECTORS) {
    expect(groups[0]?.name).toBe('availability');
    for (const { intervalMs } of groups) {
      expect(intervalMs).toBeGreaterThanOrEqual(15_000);
      expect(intervalMs).toBeLessThanOrEqual(3_600_000);
    }
  }
});
