/** The alertmanager.yml that tocsin.yaml names: checked with it, each problem with its place in its own file. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { nameInAlertmanager } from '../domain/drill';
import { messageOf } from '../domain/errors';
import type { AlertmanagerConfig } from './alertmanager/config';
import { checkAlertmanager } from './alertmanager/load';
import { toReceiverPolicy } from './build';
import type { Config } from './config';
import type { Placing } from './parse-all';
import { fallbackFindings } from './fallbacks';
import type { Finding, Path, Problem } from './problems';
import { duplicates, unknownName } from './references';
import type { RawConfig } from './schema';

export interface NamedAlertmanager {
  /** Null where none is named, and where it has errors. */
  readonly alertmanager: Config['alertmanager'];
  readonly problems: readonly Problem[];
}

export function namedAlertmanager(raw: RawConfig, folder: string, main: Placing): NamedAlertmanager {
  if (raw.alertmanager === null) return { alertmanager: null, problems: [] };
  const { file: name, target_down: targetDownMs, storm_summary: stormReceiver } = raw.alertmanager;
  const file = resolve(folder, name);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const message = isMissing ? 'does not exist' : `cannot be read: ${messageOf(error)}`;
    const finding = { path: ['alertmanager', 'file'], value: JSON.stringify(name), message };
    return { alertmanager: null, problems: main.place([finding]) };
  }
  const { config, problems } = checkAlertmanager(text, file);
  const receivers = config?.receivers.map((receiver) => receiver.name);
  // Named as tocsin.yaml names it.
  const own = problems.map((problem) => ({ ...problem, file: name }));
  if (receivers === undefined) return { alertmanager: null, problems: own };
  const unknown =
    stormReceiver === null
      ? []
      : unknownName(['alertmanager', 'storm_summary'], stormReceiver, receivers, `receiver of ${name}`);
  const leadsNowhere = raw.external_url === null && config!.receivers.some(isToldWithLinks);
  const found = [
    ...unknown,
    ...policyFindings(raw.alertmanager, receivers),
    ...tellingNobody(raw, config!.receivers, name),
    ...(leadsNowhere ? [withoutAddress(name)] : []),
  ];
  return {
    alertmanager: {
      ...{ file, receivers, targetDownMs, stormReceiver },
      policies: raw.alertmanager.receivers.map(toReceiverPolicy),
    },
    problems: [...own, ...main.place(found)],
  };
}

/** Receivers that the file has, each named once; fallbacks that lead, in the end, to one without. */
function policyFindings(
  { file, receivers: policies }: NonNullable<RawConfig['alertmanager']>,
  names: readonly string[],
): Finding[] {
  const section = ['alertmanager', 'receivers'];
  const what = `receiver of ${file}`;
  return [
    ...duplicates(section, policies),
    ...policies.flatMap(({ name }, at) => unknownName([...section, at, 'name'], name, names, what)),
    ...fallbackFindings(section, policies, names, what),
  ];
}

/** Receivers without integrations are for routes of what nobody wants to hear; named anywhere else, one takes the place of who would. */
function tellingNobody(raw: RawConfig, all: AlertmanagerConfig['receivers'], file: string): Finding[] {
  const silent = new Set(
    all.filter(({ integrations }) => integrations.length === 0).map((receiver) => receiver.name),
  );
  return [...namedIn(raw)]
    .filter(([, name]) => silent.has(name))
    .map(([path, name]) => ({
      ...{ level: 'warning', path },
      message: `tells nobody: receiver ${name} of ${file} has no integrations`,
    }));
}

/** Where receivers of the file are named, by their names there. */
function* namedIn({ alertmanager, escalation, incidents, drills }: RawConfig): Generator<[Path, string]> {
  const levels = escalation.flatMap((policy, index) =>
    policy.levels.map((level, at) => ({ ...level, path: ['escalation', index, 'levels', at] })),
  );
  const others = Object.entries({ incidents, drills }).flatMap(([section, items]) =>
    items.map(({ receivers }, index) => ({ receivers, path: [section, index] })),
  );
  for (const { path, receivers } of [...levels, ...others])
    for (const [at, receiver] of receivers.entries()) {
      const name = nameInAlertmanager(receiver);
      if (name !== null) yield [[...path, 'receivers', at], name];
    }
  const { storm_summary: storm, receivers: policies } = alertmanager!;
  if (storm !== null) yield [['alertmanager', 'storm_summary'], storm];
  for (const [index, { fallback }] of policies.entries())
    if (fallback !== null) yield [['alertmanager', 'receivers', index, 'fallback'], fallback];
}

const isToldWithLinks = ({ integrations }: AlertmanagerConfig['receivers'][number]): boolean =>
  integrations.some(({ kind }) => kind !== 'webhook');

/** Without it links have the address of the dispatcher's metrics, on the loopback address as a rule. */
const withoutAddress = (name: string): Finding => ({
  level: 'warning',
  path: ['alertmanager'],
  message: `links in the messages of ${name} lead to this process, which has no page for people; set external_url`,
  accepted: 'the address of a dashboard, such as https://karma.example.com',
});
