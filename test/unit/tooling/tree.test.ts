/** The tree keeps to the project's form: kebab-case names, folders that are nouns, main files that say what they do. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, basename } from 'node:path';

const ROOT = join(__dirname, '../../..');
const CODE = ['src', 'workflows', 'activities', 'workers', 'runbooks'];

function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
}

const code = CODE.flatMap(filesUnder).filter((file) => file.endsWith('.ts'));

test('file names are kebab-case', () => {
  expect(code.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.ts$/.test(basename(file)))).toEqual([]);
});

test('no folder or file is called by what it is not about', () => {
  expect(code.filter((file) => /\b(utils?|helpers?|common|misc|shared)\b/.test(file))).toEqual([]);
});

test('every file opens with what it does', () => {
  const silent = code.filter(
    (file) => !/^(#!.*\n)?(import .*\n)*\/\*\*/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(silent).toEqual([]);
});

test('nothing is left to be done later', () => {
  const words = new RegExp(`\\b(${['TODO', 'FIXME', 'XXX', 'HACK'].join('|')})\\b`);
  expect(code.filter((file) => words.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
});
