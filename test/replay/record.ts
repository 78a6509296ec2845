/**
 * Records the histories that the replay tests replay, on the Temporal server at TOCSIN_TEST_TEMPORAL:
 *
 *   node -r ./test/harness/register.js test/replay/record.ts [life …]
 *
 * Without names it lives all lives of `lives.ts` anew. Histories that are kept stand for runs that are open while the
 * workflows change: after a change that must not break them they are not recorded anew, but replayed as they are.
 */
import { messageOf } from '../../src/domain/errors';
import { openPlace } from '../workflows/fixtures/place';
import { writeHistory } from './history-file';
import { LIVES } from './lives';

async function record(name: string): Promise<void> {
  const place = await openPlace();
  try {
    const runs = await LIVES[name]!(place);
    for (const [index, { workflowId, runId }] of runs.entries()) {
      const history = await place.world.client.workflow.getHandle(workflowId, runId).fetchHistory();
      const part = runs.length === 1 ? name : `${name}-${index + 1}`;
      await writeHistory({ name: part, workflowId, history });
      process.stdout.write(`${part}: ${history.events!.length} events\n`);
    }
  } finally {
    await place.world.close();
  }
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => LIVES[name] === undefined);
  if (unknown !== undefined)
    throw new Error(`there is no life "${unknown}"; accepted: ${Object.keys(LIVES).join(', ')}`);
  for (const name of names.length > 0 ? names : Object.keys(LIVES)) await record(name);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
