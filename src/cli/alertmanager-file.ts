/** The alertmanager.yml that a command is given: itself, or the tocsin.yaml that names it. */
import { existsSync, readFileSync } from 'node:fs';
import type { AlertmanagerConfig } from '../config/alertmanager/config';
import { loadAlertmanager, type AlertmanagerOptions } from '../config/alertmanager/load';
import { isAlertmanager } from '../config/alertmanager/recognise';
import { loadConfig } from '../config/load';
import type { Context } from './context';
import { usage } from './failures';

export function alertmanagerAt(
  context: Context,
  file: string,
  options: AlertmanagerOptions = {},
): AlertmanagerConfig {
  if (!existsSync(file) || isAlertmanager(readFileSync(file, 'utf8'), file))
    return loadAlertmanager(file, options);
  const { alertmanager } = loadConfig(file, context.env);
  if (alertmanager === null)
    throw usage(`${file} names no alertmanager.yml: give it one with \`alertmanager: { file: … }\``);
  return loadAlertmanager(alertmanager.file, options);
}
