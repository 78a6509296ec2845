/** The alertmanager.yml that tocsin.yaml names: checked with it, each problem with its place in its own file. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../domain/errors';
import { checkAlertmanager } from './alertmanager/load';
import type { Config } from './config';
import type { Placing } from './parse-all';
import type { Problem } from './problems';
import type { RawConfig } from './schema';

export interface NamedAlertmanager {
  /** Null where none is named, and where it has errors. */
  readonly alertmanager: Config['alertmanager'];
  readonly problems: readonly Problem[];
}

/** That the file is there at all is checked with all that are named by `file`. */
export function namedAlertmanager(raw: RawConfig, folder: string, main: Placing): NamedAlertmanager {
  const none = { alertmanager: null, problems: [] };
  if (raw.alertmanager === null) return none;
  const { file: name } = raw.alertmanager;
  const file = resolve(folder, name);
  if (!existsSync(file)) return none;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = `cannot be read: ${messageOf(error)}`;
    const finding = { path: ['alertmanager', 'file'], value: JSON.stringify(name), message };
    return { alertmanager: null, problems: main.place([finding]) };
  }
  const { config, problems } = checkAlertmanager(text, file);
  const receivers = config?.receivers.map((receiver) => receiver.name);
  return {
    alertmanager: receivers === undefined ? null : { file, receivers },
    // Named as tocsin.yaml names it.
    problems: problems.map((problem) => ({ ...problem, file: name })),
  };
}
