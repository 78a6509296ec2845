/**
 * Reads tocsin.yaml: text → values with the environment filled in → schema → meaning → one frozen `Config`. All problems
 * are reported at once; a file with an error yields nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../domain/errors';
import { namedAlertmanager } from './alertmanager-file';
import { buildConfig } from './build';
import type { Config } from './config';
import { crossFindings, type Known } from './cross-checks';
import { processEnv, type Env } from './env';
import { frozen } from './frozen';
import type { Finding, Path, Problem } from './problems';
import { ConfigInvalid } from './problems';
import { parseAll } from './parse-all';
import { collectRules, OWN_GROUP } from './rule-files';
import { configSchema, type RawConfig } from './schema';
import { withServers } from './server-defaults';
import { blank, readSource, type Source } from './source';

/** A file, or a text with the path that its relative paths and messages refer to. */
export type ConfigSource = string | { readonly text: string; readonly path: string | null };

export interface Checked {
  /** Null when there is an error among the problems. */
  readonly config: Config | null;
  readonly problems: readonly Problem[];
}

/** The configuration; throws `ConfigInvalid` with every problem. Warnings are in `config.warnings`. */
export function loadConfig(source: ConfigSource, env: Env = processEnv(), known: Known = {}): Config {
  const { config, problems } = checkConfig(source, env, known);
  if (config !== null) return config;
  throw new ConfigInvalid(
    problems.filter(({ level }) => level === 'error'),
    typeof source === 'string' ? source : source.path,
  );
}

/** Errors and warnings, and the configuration where there are no errors. Throws nothing for a bad file. */
export function checkConfig(source: ConfigSource, env: Env = processEnv(), known: Known = {}): Checked {
  const file = typeof source === 'string' ? source : source.path;
  const text = typeof source === 'string' ? readText(source) : source.text;
  if (typeof text !== 'string') return { config: null, problems: [text] };
  const main = readSource(text, file, env, OWN_GROUP, (whole, shown) => withServers(whole, env, shown));
  if (main.value === undefined && main.problems.length > 0) return { config: null, problems: main.problems };

  const parsed = parseAll(configSchema, main);
  if (parsed.value === null) return { config: null, problems: merged(main.problems, parsed.problems) };

  const folder = resolve(file === null ? '.' : dirname(file));
  const raw = parsed.value;
  const whole = main.value;
  const ofRules = { ...known, receivers: namesIn(whole, 'receivers') };
  const ruleSet = collectRules({ ...parsed, whole }, raw.rules, raw.rule_files, folder, env, ofRules);
  const named = namedAlertmanager(raw, folder, parsed);
  const there = raw.alertmanager === null ? null : named.alertmanager?.receivers;
  const findings = [...crossFindings(raw, known, there), ...missingFiles(raw, folder)];
  const problems = merged(main.problems, [
    ...parsed.problems,
    ...parsed.place(findings),
    ...ruleSet.problems,
    ...named.problems,
  ]);
  if (problems.some(({ level }) => level === 'error')) return { config: null, problems };
  const config = {
    ...buildConfig(raw, { file, folder, ruleSet, alertmanager: named.alertmanager }),
    warnings: problems,
  };
  return { config: frozen(config), problems };
}

/** All names of a section, those of items with errors too; undefined where it is no list, which is said already. */
function namesIn(whole: unknown, section: string): string[] | undefined {
  const items: unknown = (whole as Record<string, unknown> | null | undefined)?.[section] ?? [];
  if (!Array.isArray(items)) return undefined;
  return items
    .map((item) => (item as { name?: unknown } | null)?.name)
    .filter((name) => typeof name === 'string');
}

/** A value whose variable is missing is one problem, not two. In the order of the text, one file after the other. */
function merged(ofText: readonly Problem[], found: readonly Problem[]): Problem[] {
  const reported = new Set(ofText.map(({ path }) => path));
  const all = [...ofText, ...found.filter(({ path }) => path === '' || !reported.has(path))];
  const files = [...new Set(all.map(({ file }) => file))];
  const place = ({ file, line, column }: Problem): readonly number[] => [
    files.indexOf(file),
    line ?? 0,
    column ?? 0,
  ];
  return all
    .map((problem) => ({ problem, at: place(problem) }))
    .sort((a, b) => a.at[0]! - b.at[0]! || a.at[1]! - b.at[1]! || a.at[2]! - b.at[2]!)
    .map(({ problem }) => problem);
}

function readText(file: string): string | Problem {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message =
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'does not exist'
        : `cannot be read: ${messageOf(error)}`;
    return { ...blank(file), path: '', message };
  }
}

/** Files of secrets that are not there, so that it is said now and not in the middle of the first alert. */
function missingFiles(raw: RawConfig, folder: string): Finding[] {
  const findings: Finding[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (Array.isArray(value)) value.forEach((item, index) => visit(item, [...path, index]));
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return;
    for (const [key, item] of Object.entries(value)) {
      if (isFileSpec(item) && !existsSync(resolve(folder, item.file))) {
        findings.push({
          path: [...path, key, 'file'],
          value: JSON.stringify(item.file),
          message: 'does not exist',
        });
      } else visit(item, [...path, key]);
    }
  };
  visit(raw, []);
  return findings;
}

function isFileSpec(value: unknown): value is { file: string } {
  return (
    value !== null &&
    typeof value === 'object' &&
    Object.keys(value).join() === 'file' &&
    typeof (value as { file: unknown }).file === 'string'
  );
}

export type { Config, Known, Source };
