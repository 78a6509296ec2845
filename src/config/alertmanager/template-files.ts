/** The files that `templates` names: each has to be one that can be read, and says which templates texts may call. */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { messageOf } from '../../domain/errors';
import { DEFAULT_TEMPLATES } from '../../template/alertmanager/default-templates';
import { TemplateError, type Template } from '../../template/template';
import { filesOf } from '../globs';
import type { Finding } from '../problems';
import { compileNotificationTemplate, wrongInFile } from './template-checks';

/** Those that are there. */
export const templateFiles = (patterns: readonly string[]): string[] =>
  patterns.flatMap((pattern) => filesOf(pattern, '/').filter((file) => existsSync(file)));

export interface TemplatesRead {
  readonly findings: readonly Finding[];
  /** What texts may call, the defaults among it; null where not all files can be read. */
  readonly names: readonly string[] | null;
}

/** `patterns`: absolute. One that matches nothing yet is no error, as in Alertmanager. */
export function readTemplateFiles(patterns: readonly string[]): TemplatesRead {
  const read = patterns.flatMap((pattern, index): ReadFile[] => {
    const path = ['templates', index];
    const files = templateFiles([pattern]);
    if (files.length > 0) return files.map((file) => readFile(file, path));
    const value = JSON.stringify(pattern);
    return [{ path, value, wrong: { level: 'warning', path, value, message: 'matches no file' } }];
  });
  const unreadable = read.flatMap(({ wrong }) => wrong ?? []);
  if (unreadable.length > 0) return { findings: unreadable, names: null };
  const names = [
    ...defaultNames(),
    ...read.flatMap(({ template, name = '' }) => [name, ...definitionsOf(template)]),
  ];
  return { findings: read.flatMap((file) => unknownIn(file, names)), names };
}

interface ReadFile extends Pick<Finding, 'path'> {
  readonly value: string;
  /** As templates call the file as a whole. */
  readonly name?: string;
  readonly template?: Template;
  readonly wrong?: Finding;
}

function readFile(file: string, path: Finding['path']): ReadFile {
  const value = JSON.stringify(file);
  try {
    const template = compileNotificationTemplate(readFileSync(file, 'utf8'));
    return { path, value, name: basename(file), template };
  } catch (error) {
    const what = error instanceof TemplateError ? 'is no template' : 'cannot be read';
    return { path, value, wrong: { path, value, message: `${what}: ${messageOf(error)}` } };
  }
}

const definitionsOf = (template: Template | undefined): string[] =>
  (template?.definitions ?? []).filter((name) => name !== '');

function unknownIn({ path, value, template }: ReadFile, names: readonly string[]): Finding[] {
  if (template === undefined) return [];
  return wrongInFile(template, names).map(({ message, suggestion, line }) => ({
    ...{ level: 'warning', path, value, suggestion },
    message: `line ${line} could not be sent: ${message}`,
  }));
}

let defaults: readonly string[] | null = null;

/** Read when a configuration is, for the first time. */
const defaultNames = (): readonly string[] =>
  (defaults ??= definitionsOf(compileNotificationTemplate(DEFAULT_TEMPLATES)));
