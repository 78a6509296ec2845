/** `tocsin demo`: starts everything, breaks a database twice, and tells what Tocsin does about it. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { destination } from 'pino';
import { messageOf } from '../src/domain/errors';
import { loadConfig } from '../src/config/load';
import { createLogger } from '../src/observe/observe';
import { createActions } from '../src/temporal/actions';
import { deleteCollectionSchedules } from '../src/temporal/schedules';
import { policiesOf } from './policies';
import { ROLE_NAMES, startRoles } from './roles';
import { stopSignal, untilAborted } from './run';
import { actOne, actTwo, type Scene } from './demo/acts';
import { setStage } from './demo/stage';
import { createStory } from './demo/story';

const EXAMPLE = join(__dirname, '..', '..', 'examples', 'demo.yaml');

export interface DemoOptions {
  readonly dataDir: string;
  readonly print: (line: string) => void;
  /** Leaves everything running at the end, to look around. */
  readonly keep?: boolean;
}

/** True when every step happened; false, with the step printed, when one did not. */
export async function runDemo({ dataDir, print, keep = false }: DemoOptions): Promise<boolean> {
  const folder = resolve(dataDir);
  const setUp = createStory(print);
  const stage = await setStage(folder, setUp.say);
  try {
    const config = loadConfig({ text: await readFile(EXAMPLE, 'utf8'), path: EXAMPLE }, stage.environment);
    const logFile = join(folder, 'tocsin.log');
    const log = createLogger({
      level: 'info',
      role: 'demo',
      destination: destination({ dest: logFile, sync: true }),
    });
    setUp.say(`Tocsin's roles: ${ROLE_NAMES.join(', ')} (log: ${logFile})`);
    const running = await startRoles(config, ROLE_NAMES, { log });
    try {
      const history = await running.shared.history();
      const { client } = await running.shared.temporal();
      const actions = createActions({
        client,
        instance: config.instance,
        policyFor: policiesOf(config),
        timeoutMs: 10_000,
      });
      const story = createStory(print);
      const scene = { stage, story, lists: history.lists, actions };
      const failure = await play(scene);
      print('');
      print(story.table());
      print(`Temporal's Web UI, with the lives of both alerts: ${stage.addresses.temporal.uiUrl}`);
      if (failure !== null) print(`The demo failed: ${failure} See ${logFile}.`);
      if (keep) {
        print('Everything keeps running; Ctrl-C ends it.');
        await untilAborted(stopSignal());
      } else print('Its servers stop now; `tocsin demo --keep` leaves them running, to look around.');
      await deleteCollectionSchedules(client, config.instance);
      return failure === null;
    } finally {
      await running.stop();
    }
  } finally {
    await stage.close();
  }
}

/** What did not happen, or null. */
async function play(scene: Scene): Promise<string | null> {
  try {
    await actOne(scene);
    await actTwo(scene);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
