/** The alertmanager.yml that a command is given: itself, or the tocsin.yaml that names it. */
import { readFileSync } from 'node:fs';
import type { AlertmanagerConfig } from '../config/alertmanager/config';
import { loadAlertmanager, type AlertmanagerOptions } from '../config/alertmanager/load';
import { isAlertmanager } from '../config/alertmanager/recognise';
import { loadConfig } from '../config/load';
import type { Context } from './context';
import { usage } from './failures';
import { unreadable } from './files';

/** `argument`: what of the command line names the file, as `<file>`. */
export function alertmanagerAt(
  context: Context,
  argument: string,
  file: string,
  options: AlertmanagerOptions = {},
): AlertmanagerConfig {
  if (isAlertmanager(namedText(argument, file), file)) return loadAlertmanager(file, options);
  const { alertmanager } = loadConfig(file, context.env);
  if (alertmanager === null)
    throw usage(`${file} names no alertmanager.yml: give it one with \`alertmanager: { file: … }\``);
  return loadAlertmanager(alertmanager.file, options);
}

/** Its text. A label where the file belongs is what comes of a forgotten file. */
export function namedText(argument: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw usage(`${argument}: ${unreadable(file, error)}`);
    const looksLike = /^\w+=/.test(file) ? ', and it looks like a label: the file comes before it' : '';
    throw usage(`${argument}: there is no file ${file}${looksLike}; name your alertmanager.yml`);
  }
}
