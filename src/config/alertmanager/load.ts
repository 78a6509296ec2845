/**
 * Reads alertmanager.yml as Alertmanager 0.34 does: what it takes is taken and means the same, what it refuses is refused
 * with its place and what would mend it. All problems are reported at once.
 *
 * Refused as well is what Alertmanager takes and Tocsin does not do, and what makes Alertmanager crash after it has taken it.
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { MatcherMode } from '../../domain/alertmanager-matchers';
import { frozen } from '../frozen';
import { ConfigInvalid, type Finding, type Problem } from '../problems';
import { initially, list, optional, rest, textual } from './kinds';
import { anything, parts, type Values } from './mappings';
import { Reading, REFUSED, type Refused } from './reading';
import type { AlertmanagerConfig } from './config';
import { globalOptions } from './global';
import { inhibitRuleInEffect, rawInhibitRule } from './inhibit';
import { ownTemplates, rawReceiver, receiversInEffect, repeatedReceivers } from './receiver';
import { RECEIVER_KINDS, type ReceiverKind } from './receivers/kinds';
import { checkTree, rawRoute, routeInEffect } from './route';
import { readTemplateFiles } from './template-files';
import { rawTimeIntervals, repeatedIntervals, timeIntervalsInEffect } from './time-intervals';
import { isNull, readYaml } from './yaml-text';

export interface AlertmanagerOptions {
  readonly matcherMode?: MatcherMode;
  /** The kinds of receivers that there is a sender for; all where it is left out. */
  readonly sendable?: ReadonlySet<ReceiverKind>;
}

export interface AlertmanagerChecked {
  /** Null when there is an error among the problems. */
  readonly config: AlertmanagerConfig | null;
  readonly problems: readonly Problem[];
}

const templatePattern = textual('', 'a pattern of files', (written, { inFolder }) =>
  written === '' ? '' : inFolder(written),
);

const FIELDS = {
  global: initially(globalOptions.defaults, optional(globalOptions)),
  route: rawRoute,
  inhibit_rules: list(rawInhibitRule),
  receivers: rest(rawReceiver),
  templates: list(templatePattern),
  mute_time_intervals: rawTimeIntervals(),
  time_intervals: rawTimeIntervals(),
  tracing: anything(),
  event_recorder: anything(),
};

type Parts = { readonly [K in keyof Values<typeof FIELDS>]: Values<typeof FIELDS>[K] | Refused };

/** The configuration; throws `ConfigInvalid` with every problem. */
export function loadAlertmanager(file: string, options: AlertmanagerOptions = {}): AlertmanagerConfig {
  const { config, problems } = checkAlertmanager(readFileSync(file, 'utf8'), file, options);
  if (config !== null) return config;
  throw new ConfigInvalid(
    problems.filter(({ level }) => level === 'error'),
    file,
  );
}

/** `file`: what relative paths and messages refer to. Throws nothing for a bad text. */
export function checkAlertmanager(
  text: string,
  file: string | null,
  { matcherMode = 'fallback', sendable = new Set(RECEIVER_KINDS) }: AlertmanagerOptions = {},
): AlertmanagerChecked {
  const yaml = readYaml(text);
  const folder = file === null ? null : resolve(dirname(file));
  const inFolder = (path: string): string =>
    folder === null || isAbsolute(path) ? path : join(folder, path);
  const reading = new Reading(yaml, matcherMode, inFolder);
  const placed = (findings: readonly Finding[]): Problem[] =>
    findings.map((finding) => reading.placed(finding, file));
  if (yaml.errors.length > 0) {
    const problems = yaml.errors.map(({ message, place }) => ({
      ...reading.placed({ path: [], message: `is not valid YAML: ${message}` }, file),
      ...place,
    }));
    return { config: null, problems };
  }
  const whole = yaml.root === null ? noText() : partsOf(yaml.root, reading);
  if (whole === REFUSED) return { config: null, problems: placed(reading.findings) };
  const templates =
    whole.templates === REFUSED || (folder === null && whole.templates.length > 0)
      ? { findings: [], names: null }
      : readTemplateFiles(whole.templates);
  const { findings, config } = meaning(whole, sendable, templates.names);
  findings.push(...templates.findings);
  const problems = inOrder(placed([...reading.findings, ...findings]));
  if (problems.some(({ level }) => level === 'error')) return { config: null, problems };
  const original = yaml.printed(reading.secrets);
  return { config: frozen({ ...config!, warnings: problems, original }), problems };
}

const noText = (): Parts =>
  Object.fromEntries(Object.entries(FIELDS).map(([key, { initial }]) => [key, initial])) as Parts;

function partsOf(root: Parameters<typeof parts>[1], reading: Reading): Parts | Refused {
  const target = reading.text.resolved(root);
  return isNull(target) ? noText() : parts(FIELDS, target, [], reading);
}

/** What the parts mean together; of those that cannot be read, and of what refers to them, nothing is said. */
function meaning(
  whole: Parts,
  sendable: ReadonlySet<ReceiverKind>,
  templateNames: readonly string[] | null,
): { findings: Finding[]; config: Omit<AlertmanagerConfig, 'warnings' | 'original'> | null } {
  const {
    route,
    receivers,
    inhibit_rules: rules,
    templates,
    mute_time_intervals: old,
    time_intervals: own,
  } = whole;
  const global = whole.global ?? globalOptions.defaults;
  const findings: Finding[] = notDone(whole);
  const names = receivers === REFUSED || receivers.includes(REFUSED) ? null : receivers.map(nameOf);
  const intervals = old === REFUSED || own === REFUSED ? null : [...old, ...own];
  if (route !== REFUSED)
    findings.push(...checkTree(route, names, intervals && intervals.map(({ name }) => name)));
  if (old !== REFUSED && own !== REFUSED) findings.push(...repeatedIntervals(old, own));
  if (receivers !== REFUSED)
    findings.push(...repeatedReceivers(receivers), ...templatesOf(receivers, templateNames));
  if (receivers === REFUSED || global === REFUSED) return { findings, config: null };
  const inEffect = receiversInEffect(receivers, global, sendable);
  findings.push(...inEffect.findings);
  const isWhole = route !== REFUSED && route !== null && rules !== REFUSED && templates !== REFUSED;
  if (!isWhole || intervals === null || findings.some(({ level }) => level !== 'warning')) {
    return { findings, config: null };
  }
  const config = {
    global,
    route: routeInEffect(route),
    receivers: inEffect.receivers,
    inhibitRules: rules.map(inhibitRuleInEffect),
    timeIntervals: timeIntervalsInEffect(intervals),
    templates,
  };
  return { findings, config };
}

type RawReceivers = Values<typeof FIELDS>['receivers'];

const nameOf = (receiver: RawReceivers[number]): string => (receiver === REFUSED ? '' : receiver.name);

const templatesOf = (receivers: RawReceivers, names: readonly string[] | null): Finding[] =>
  receivers.flatMap((each) =>
    each === REFUSED ? [] : each.written.flatMap((written) => ownTemplates(written, names)),
  );

/** Sections of Alertmanager's own running. */
function notDone(whole: Parts): Finding[] {
  return (['tracing', 'event_recorder'] as const)
    .filter((key) => whole[key] !== null)
    .map((key) => ({ path: [key], message: 'is not done by Tocsin; leave it out' }));
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line! - b.line! || a.column! - b.column!);
}
