/** `tocsin receivers test`: a message that is marked as a test, through the channels that real ones take. */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { chosenFile, readConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { matcherModeOf } from '../matcher-mode';
import { oneLine } from '../plain';
import type { TestedReceiver } from '../port';
import { tableOf, type Column } from '../show';
import { ownerOf } from './alerts';

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
    if (!existsSync(named)) throw usage(`${named} does not exist`);
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
