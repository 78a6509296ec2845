/** The documents hold: links lead somewhere, configurations load, commands exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
