/** The documents hold: links lead somewhere, configurations load, commands exist. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCli } from '../../../src/cli/program';
import { CATALOGUE } from '../../../src/collect/catalogue';
import { checkConfig } from '../../../src/config/load';
import { runbooks } from '../../../runbooks';

const ROOT = join(__dirname, '../../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const documents = [
  ...readdirSync(ROOT).filter((file) => file.endsWith('.md')),
  ...(readdirSync(join(ROOT, 'docs'), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

test.each(documents)('every link of %s leads to a file', (document) => {
  const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) => match[1]!);
  expect(links.filter((link) => !existsSync(join(ROOT, dirname(document), link)))).toEqual([]);
});

test('examples/tutorial.yaml loads with nothing set in the environment, and complains of nothing', () => {
  const known = { runbooks, metrics: CATALOGUE };
  expect(checkConfig(join(ROOT, 'examples/tutorial.yaml'), {}, known).problems).toEqual([]);
});

/** `tocsin alerts show …` in a code block or between backticks → ['alerts', 'show']; placeholders and options end it. */
function commandsIn(text: string): string[][] {
  const code = [...text.matchAll(/```[\s\S]*?```|`[^`\n]+`/g)].map((match) => match[0]).join('\n');
  return [...code.matchAll(/\btocsin ((?:[a-z]+ ?)+)/g)].map((match) => match[1]!.trim().split(' '));
}

const commands = [
  ...new Set(
    documents
      .flatMap((document) => commandsIn(read(document)))
      .map(([first, second]) =>
        ['alerts', 'rules', 'targets'].includes(first!) && second !== undefined
          ? `${first} ${second}`
          : first!,
      ),
  ),
].sort();

test.each(commands)('there is a command `tocsin %s`', async (command) => {
  const printed: string[] = [];
  const say = (text: string): void => void printed.push(text);
  const context = { print: say, complain: say, env: {}, now: () => 0, width: 100, colour: false };
  const code = await runCli([...command.split(' '), '--help'], context as never);
  expect(printed.join('\n')).toContain(`Usage: tocsin ${command}`);
  expect(code).toBe(0);
});

/** The YAML blocks of a document that begin with one of these keys; comments may stand before. */
const yamlOf = (document: string, begin: RegExp): string[] =>
  [...read(document).matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map((match) => match[1]!)
    .filter((text) => begin.test(text.replace(/^#.*\n/, '')));

describe('rules that the documents show', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-documents-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const tocsin = async (...args: string[]): Promise<{ code: number; said: string }> => {
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    const context = { print: say, complain: say, env: {}, now: () => 0, width: null, colour: false };
    const code = await runCli(args, { ...context, runningDev: () => null } as never);
    return { code, said: said.join('\n') };
  };

  const shown = ['docs/rules.md', 'docs/testing-rules.md'].flatMap((document) =>
    yamlOf(document, /^(rules|groups):/),
  );
  it('are three', () => expect(shown).toHaveLength(3));
  it.each(shown)('load without a warning: %s', async (text) => {
    expect(await tocsin('check', 'rules', '--strict', write('shown.yml', text))).toMatchObject({ code: 0 });
  });

  it('do what their tests want', async () => {
    const [rules] = yamlOf('docs/testing-rules.md', /^groups:/);
    const [tests] = yamlOf('docs/testing-rules.md', /^rule_files:/);
    write('disk.yml', rules!);
    expect(await tocsin('test', 'rules', write('disk-test.yml', tests!))).toMatchObject({ code: 0 });
  });
});
