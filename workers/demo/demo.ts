/** `tocsin demo`: starts everything, breaks a database twice, and tells what Tocsin does about it. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { destination } from 'pino';
import { loadConfig } from '../../src/config/load';
import { createLogger } from '../../src/observe/observe';
import { createActions } from '../../src/temporal/actions';
import { deleteCollectionSchedules } from '../../src/temporal/schedules';
import { policiesOf } from '../compose';
import { ROLE_NAMES, startRoles } from '../roles';
import { untilSignalled } from '../run';
import { actOne, actTwo } from './acts';
import { setStage } from './stage';
import { createStory } from './story';

const EXAMPLE = join(__dirname, '..', '..', '..', 'examples', 'demo.yaml');

export interface DemoOptions {
  readonly dataDir: string;
  /** Leaves everything running at the end, to look around. */
  readonly keep: boolean;
  readonly write: (line: string) => void;
}

/** Resolves when every step happened; throws with the one that did not. */
export async function runDemo({ dataDir, keep, write }: DemoOptions): Promise<void> {
  const folder = resolve(dataDir);
  const setUp = createStory(write);
  const stage = await setStage(folder, setUp.say);
  try {
    const config = loadConfig({ text: await readFile(EXAMPLE, 'utf8'), path: EXAMPLE }, stage.environment);
    const logFile = join(folder, 'tocsin.log');
    const log = createLogger({ level: 'info', role: 'demo', destination: destination({ dest: logFile, sync: true }) });
    setUp.say(`Tocsin's roles: ${ROLE_NAMES.join(', ')} (log: ${logFile})`);
    const running = await startRoles(config, ROLE_NAMES, log);
    try {
      const history = await running.shared.history();
      const { client } = await running.shared.temporal();
      const actions = createActions({ client, instance: config.instance, policyFor: policiesOf(config), timeoutMs: 10_000 });
      const story = createStory(write);
      const scene = { stage, story, lists: history.lists, actions };
      await actOne(scene);
      await actTwo(scene);
      write('');
      write(story.table());
      write(`Temporal's Web UI, with the lives of both alerts: ${stage.addresses.temporal.uiUrl}`);
      if (keep) {
        write('Everything keeps running; Ctrl-C ends it.');
        await untilSignalled();
      }
      await deleteCollectionSchedules(client, config.instance);
    } finally {
      await running.stop();
    }
  } finally {
    await stage.close();
  }
}
