/**
 * `tocsin receivers`: `test` sends a message that is marked as a test through the channels that real ones take; `dead` lists
 * messages that were given up, and `resend` has them sent again.
 */
import { isAbsolute, resolve } from 'node:path';
import type { Config } from '../../config/config';
import { isIncidentRef } from '../../domain/incident';
import type { DeadLetter, Resent } from '../../history/port';
import { namedText } from '../alertmanager-file';
import { chosenFile, readConfig, type ConfigOption, type InstanceOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { matcherModeOf } from '../matcher-mode';
import { oneLine } from '../plain';
import type { TestedReceiver } from '../port';
import { fromNow, tableOf, type Column } from '../show';
import { timeOf } from '../words';
import { ownerOf, withOperator } from './alerts';

export interface TestReceiversOptions extends ConfigOption {
  /** Tested instead of what tocsin.yaml has. */
  readonly alertmanagerConfig?: string;
  readonly owner?: string;
  readonly enableFeature?: string;
  readonly json?: boolean;
}

/** Exit code 1 where one was not told. */
export async function testReceivers(
  context: Context,
  names: readonly string[],
  options: TestReceiversOptions,
): Promise<ExitCode> {
  const stop = new AbortController();
  const tested = await context.wiring.testReceivers({
    ...filesOf(context, options),
    names,
    by: ownerOf(context, options),
    matcherMode: matcherModeOf(options.enableFeature),
    signal: stop.signal,
  });
  if (tested.length === 0) throw usage('no receiver has a way to tell anybody');
  if (options.json)
    context.print(
      JSON.stringify(
        tested.map(({ isDelivered, tookMs, ...rest }) => ({
          ...rest,
          ...{ delivered: isDelivered, took_ms: tookMs },
        })),
        null,
        2,
      ),
    );
  else context.print(tableOf(context, COLUMNS, tested));
  return tested.every(({ isDelivered }) => isDelivered) ? EXIT.ok : EXIT.failed;
}

function filesOf(context: Context, options: TestReceiversOptions) {
  const { alertmanagerConfig: named } = options;
  if (named !== undefined) {
    namedText('--alertmanager-config', named);
    const file = isAbsolute(named) ? named : resolve(named);
    return { config: null, alertmanagerFile: file, externalUrl: 'http://localhost' };
  }
  if (chosenFile(context, options) === null && context.runningDev() === null)
    throw usage(
      'there is no tocsin.yaml here; name one with --config, or an alertmanager.yml with --alertmanager-config',
    );
  const config = readConfig(context, options);
  const externalUrl = config.externalUrl === '' ? 'http://localhost' : config.externalUrl;
  return { config, alertmanagerFile: config.alertmanager?.file ?? null, externalUrl };
}

const COLUMNS: readonly Column<TestedReceiver>[] = [
  { title: 'RECEIVER', value: ({ receiver }) => oneLine(receiver) },
  { title: 'FROM', value: ({ file }) => file },
  { title: 'KIND', value: ({ kind }) => kind },
  {
    title: 'OUTCOME',
    value: ({ isDelivered }) => (isDelivered ? 'delivered' : 'not delivered'),
    style: ({ isDelivered }) => (isDelivered ? 'green' : 'red'),
  },
  { title: 'TOOK', value: ({ tookMs }) => `${tookMs} ms` },
  { title: 'DETAIL', value: ({ detail }) => oneLine(detail), flexible: true },
];

export interface DeadOptions extends InstanceOption {
  readonly receiver?: string;
  readonly since?: string;
  readonly json?: boolean;
}

/** More are named by `--receiver` and `--since`. */
const MOST_SHOWN = 1_000;
/** In one transaction; what is left is for the next call. */
const MOST_RESENT = 5_000;

export async function deadLetters(context: Context, options: DeadOptions): Promise<ExitCode> {
  const found = await withOperator(context, options, (operator) =>
    operator.deadLetters.list(filterOf(context, options), MOST_SHOWN),
  );
  if (options.json) context.print(JSON.stringify(found.map(deadJson), null, 2));
  else if (found.length === 0) context.print(`No message was given up${whichText(options)}.`);
  else context.print(tableOf(context, deadColumns(context.now()), found));
  if (found.length === MOST_SHOWN)
    context.complain(`these are the newest ${MOST_SHOWN}; --receiver and --since name others`);
  return EXIT.ok;
}

export interface ResendOptions extends DeadOptions {
  readonly all?: boolean;
  readonly owner?: string;
}

/** Exit code 1 where one that was named is not sent again. */
export async function resendDeadLetters(
  context: Context,
  ids: readonly string[],
  options: ResendOptions,
): Promise<ExitCode> {
  checkChoice(ids, options);
  const answers = await withOperator(context, options, async (operator, config) => {
    const store = operator.deadLetters;
    const chosen =
      ids.length > 0
        ? [...new Set(ids)]
        : (await store.list(filterOf(context, options), MOST_RESENT)).map(({ id }) => id);
    if (chosen.length === 0) return [];
    return store.resend(chosen, { owner: ownerOf(context, options), receivers: receiversOf(config) });
  });
  if (options.json)
    context.print(
      JSON.stringify(
        answers.map(({ id, isResent, text }) => ({ id, resent: isResent, text })),
        null,
        2,
      ),
    );
  else if (answers.length === 0) context.print(`No message was given up${whichText(options)}.`);
  else context.print(tableOf(context, RESENT_COLUMNS, answers));
  if (ids.length === 0 && answers.length === MOST_RESENT)
    context.complain(
      `these are the newest ${MOST_RESENT}; call it again for others, or name them by --receiver and --since`,
    );
  return ids.length === 0 || answers.every(({ isResent }) => isResent) ? EXIT.ok : EXIT.failed;
}

function checkChoice(ids: readonly string[], { receiver, all, since }: ResendOptions): void {
  const ways = [ids.length > 0, receiver !== undefined, all === true].filter(Boolean).length;
  if (ways !== 1)
    throw usage(
      'say which: ids as `tocsin receivers dead` shows them, --receiver NAME, or --all; one of the three',
    );
  if (ids.length > 0 && since !== undefined)
    throw usage('--since goes with --receiver or --all, not with ids');
  const wrong = ids.find((id) => !/^g?\d{1,18}$/.test(id));
  if (wrong !== undefined)
    throw usage(
      `${JSON.stringify(wrong)} is no id of a message; give them as \`tocsin receivers dead\` shows them, such as 1042 or g17`,
    );
}

/** Null where no file says which there are. */
const receiversOf = ({ file, receivers }: Config): readonly string[] | null =>
  file === null ? null : receivers.map(({ name }) => name);

function filterOf(context: Context, { receiver, since }: DeadOptions) {
  return {
    ...(receiver !== undefined && { receiver }),
    ...(since !== undefined && { since: new Date(timeOf('--since', since, context.now())) }),
  };
}

const whichText = ({ receiver, since }: DeadOptions): string =>
  `${receiver === undefined ? '' : ` for ${receiver}`}${since === undefined ? '' : ` since ${since}`}`;

const deadColumns = (now: number): readonly Column<DeadLetter>[] => [
  { title: 'ID', value: ({ id }) => id },
  { title: 'GIVEN UP', value: ({ at }) => fromNow(now, at.toISOString()) },
  { title: 'RECEIVER', value: ({ receiver }) => oneLine(receiver) },
  { title: 'ALERT', value: alertText },
  { title: 'STEP', value: ({ step }) => step },
  {
    title: 'IS',
    value: ({ alerts, open }) => (open === 0 ? 'over' : alerts === 1 ? 'open' : `${open} open`),
    style: ({ open }) => (open > 0 ? 'red' : null),
  },
  { title: 'TRIES', value: ({ attempts }) => String(attempts) },
  { title: 'ERROR', value: ({ error }) => oneLine(error), flexible: true },
];

function alertText({ alertname, fingerprint, alerts }: DeadLetter): string {
  const name = oneLine(alertname ?? 'an alert without a name');
  if (fingerprint !== null)
    return `${name} ${isIncidentRef(fingerprint) ? fingerprint : fingerprint.slice(0, 8)}`;
  return alerts === 1 ? name : `${name} and ${alerts - 1} more`;
}

const deadJson = ({ at, groupKey, ...letter }: DeadLetter): object => ({
  ...letter,
  ...{ group_key: groupKey, at: at.toISOString() },
});

const RESENT_COLUMNS: readonly Column<Resent>[] = [
  { title: 'ID', value: ({ id }) => id },
  {
    title: 'OUTCOME',
    value: ({ isResent }) => (isResent ? 'sent again' : 'left'),
    style: ({ isResent }) => (isResent ? 'green' : 'yellow'),
  },
  { title: 'WHY', value: ({ text }) => oneLine(text), flexible: true },
];
