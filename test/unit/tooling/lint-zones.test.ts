/** Every import zone has a deliberately wrong file that lint refuses for the expected reason, and a right twin that passes. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');

const run = (script: string, ...args: string[]): string =>
  execFileSync(process.execPath, [script, ...args], { cwd: ROOT, encoding: 'utf8', maxBuffer: 16 << 20 });

const found = JSON.parse(run('test/unit/tooling/lint-fixtures.mjs')) as Record<string, string[]>;
const rooms = JSON.parse(
  run(
    '--input-type=module',
    '-e',
    `import { ZONES } from './tooling/lint/zones.mjs'; console.log(JSON.stringify(ZONES.map((zone) => zone.room)))`,
  ),
) as string[];

const filesOf = (kind: 'wrong' | 'right'): string[] =>
  Object.keys(found).filter((file) => file.startsWith(`${kind}/`));

/** The first line of a wrong fixture: `// expects: rule messageId`. */
function expectation(file: string): string {
  const text = readFileSync(join(ROOT, 'test/fixtures/lint', file), 'utf8');
  return /^\/\/ expects: (.+)$/m.exec(text)![1]!;
}

describe('lint', () => {
  test.each(filesOf('wrong'))('refuses %s', (file) => {
    expect(
      found[file]!.map((problem) => problem.replace(/ (unexpectedAny|floatingVoid|restrictedSyntax)$/, '')),
    ).toEqual([expectation(file)]);
  });

  test.each(filesOf('right'))('accepts %s', (file) => {
    expect(found[file]).toEqual([]);
  });

  test.each(rooms)('has a wrong and a right file for %s', (room) => {
    expect(filesOf('wrong').some((file) => file.startsWith(`wrong/${room}/`))).toBe(true);
    expect(filesOf('right').some((file) => file.startsWith(`right/${room}/`))).toBe(true);
  });
});
