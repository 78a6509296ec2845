/** Files that a command line names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf } from '../config/globs';
import { messageOf } from '../domain/errors';
import { usage } from './failures';

export interface NamedFile {
  readonly path: string;
  /** As it was written where that says which. */
  readonly name: string;
}

export function namedFiles(pattern: string): NamedFile[] {
  const paths = filesOf(pattern, '.');
  return paths.map((path) => ({ path, name: paths.length === 1 ? pattern : path }));
}

/** Of a pattern that has to match something. */
export function matchingFiles(pattern: string): NamedFile[] {
  const files = namedFiles(pattern);
  if (files.length === 0) throw usage(`no file matches ${pattern}`);
  return files;
}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usage(unreadable(path, error));
  }
}

export function unreadable(path: string, error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'EISDIR'
    ? `${path} is a folder: name files, or '${join(path, '*.yml')}'`
    : `cannot read ${path}: ${messageOf(error)}`;
}
