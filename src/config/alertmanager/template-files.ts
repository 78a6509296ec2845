/** The files that `templates` names: each has to be one that can be read. */
import { existsSync, readFileSync } from 'node:fs';
import { messageOf } from '../../domain/errors';
import { TemplateError } from '../../template/template';
import { filesOf } from '../globs';
import type { Finding } from '../problems';
import { compileNotificationTemplate } from './template-checks';

/** Those that are there. */
export const templateFiles = (patterns: readonly string[]): string[] =>
  patterns.flatMap((pattern) => filesOf(pattern, '/').filter((file) => existsSync(file)));

/** `patterns`: absolute. One that matches nothing yet is no error, as in Alertmanager. */
export function templateFileFindings(patterns: readonly string[]): Finding[] {
  return patterns.flatMap((pattern, index): Finding[] => {
    const path = ['templates', index];
    const files = templateFiles([pattern]);
    if (files.length === 0) {
      return [{ level: 'warning', path, value: JSON.stringify(pattern), message: 'matches no file' }];
    }
    return files.flatMap((file) => {
      const wrong = wrongWith(file);
      return wrong === null ? [] : [{ path, value: JSON.stringify(file), message: wrong }];
    });
  });
}

function wrongWith(file: string): string | null {
  try {
    compileNotificationTemplate(readFileSync(file, 'utf8'));
    return null;
  } catch (error) {
    return `${error instanceof TemplateError ? 'is no template' : 'cannot be read'}: ${messageOf(error)}`;
  }
}
