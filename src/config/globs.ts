/** Files by pattern: `*` and `?` within a name, `**` over folders. Node 20 has no glob of its own. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';

export const isPattern = (path: string): boolean => /[*?]/.test(path);

/** The matching files as absolute paths, sorted; a path without a pattern is returned as it is. */
export function filesOf(pattern: string, folder: string): string[] {
  const absolute = resolve(folder, pattern);
  if (!isPattern(pattern)) return [absolute];
  const parts = absolute.split(sep);
  const fixed = parts.slice(0, parts.findIndex(isPattern)).join(sep) || sep;
  const form = new RegExp(
    `^${parts
      .slice(parts.findIndex(isPattern))
      .map(partForm)
      .join('/')
      .replace(/\.\*\//g, '(?:.*/)?')}$`,
  );
  return entries(fixed)
    .filter((path) => form.test(path.split(sep).join('/')))
    .map((path) => join(fixed, path))
    .filter((path) => statSync(path).isFile())
    .sort();
}

function partForm(part: string): string {
  if (part === '**') return '.*';
  return part
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '[^/]*')
    .replace(/\?/g, '[^/]');
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
