/** What every runbook has to be, so that a wrong one is found before it is needed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMatcher } from '../../../src/domain/matchers';
import type { InputSpec } from '../../../src/domain/runbook';
import { runbookNamed, runbooks } from '../../../runbooks';

const guide = readFileSync(join(__dirname, '../../../docs/runbooks.md'), 'utf8');

it('has one name of its own, by which it is found', () => {
  expect(new Set(runbooks.map(({ name }) => name)).size).toBe(runbooks.length);
  for (const runbook of runbooks) expect(runbookNamed(runbook.name)).toBe(runbook);
  expect(runbookNamed('none-such')).toBeNull();
});

describe.each(runbooks.map((runbook) => [runbook.name, runbook] as const))('%s', (name, runbook) => {
  it('says what it is for, with matchers that can be read', () => {
    expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(runbook.description).not.toBe('');
    expect(runbook.matchers.length).toBeGreaterThan(0);
    for (const matcher of runbook.matchers) expect(() => parseMatcher(matcher)).not.toThrow();
  });

  it('does not act in production of its own accord', () => {
    expect(runbook.environments.filter((environment) => /prod/i.test(environment))).toEqual([]);
  });

  it('stands in the guide', () => {
    expect(guide).toContain(`\`${name}\``);
  });

  it.each(Object.entries(runbook.inputs as Record<string, InputSpec<unknown>>))(
    'input %s: described, in the guide, and its default is acceptable',
    (input, spec) => {
      expect(spec.description).not.toBe('');
      expect(guide).toContain(`\`${input}\``);
      // a duration's default is in milliseconds, but it reads seconds
      const given = spec.kind.includes('duration') ? `${spec.default as number}ms` : spec.default;
      expect(spec.parse(given)).toEqual(spec.default);
    },
  );
});
