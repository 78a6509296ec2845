import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { dataConverter } from '../../src/temporal/connection';
import { workflowBundle } from '../harness/workflow-bundle';
import '../workflows/fixtures/quiet-runtime';
import { FOLDER, readHistory, type History } from './history-file';
import { LIVES } from './lives';

const NAMES = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));

async function replay(
  { workflowId, history }: { readonly workflowId: string; readonly history: History },
  bundle?: { code: string },
): Promise<void> {
  const options = { workflowBundle: bundle ?? (await workflowBundle()), dataConverter };
  await Worker.runReplayHistory(options, history, workflowId);
}

it.each(NAMES)('%s, as it was recorded, is decided alike by the workflows of today', async (name) => {
  await replay(await readHistory(name));
});

it('every life that can be recorded is there', () => {
  const recorded = new Set(NAMES.map((name) => name.replace(/-\d+$/, '')));
  expect([...recorded].sort()).toEqual(Object.keys(LIVES).sort());
});

it.each(NAMES)('%s names no machine, process or path', (name) => {
  const text = readFileSync(join(FOLDER, `${name}.json`), 'utf8');
  const payloads = [...text.matchAll(/"data":"([^"]*)"/g)].map(([, data]) =>
    Buffer.from(data!, 'base64').toString(),
  );
  expect(text).not.toMatch(/"(identity|stackTrace)"/);
  expect(text).not.toContain('@');
  for (const payload of payloads) expect(payload).not.toMatch(/@|[" (]\/(home|root|tmp|work|Users)\//);
});

describe('what is broken is found', () => {
  it('a history in which another child was started', async () => {
    const { workflowId, history } = await readHistory('remediation-verified-1');
    const started = history.events!.find(
      (event) => event.startChildWorkflowExecutionInitiatedEventAttributes,
    );
    started!.startChildWorkflowExecutionInitiatedEventAttributes!.workflowType!.name = 'another';
    await expect(replay({ workflowId, history })).rejects.toThrow(DeterminismViolationError);
  });

  it('a history in which another activity was asked for', async () => {
    const { workflowId, history } = await readHistory('history-away');
    const scheduled = history.events!.find((event) => event.activityTaskScheduledEventAttributes);
    scheduled!.activityTaskScheduledEventAttributes!.activityType!.name = 'another';
    await expect(replay({ workflowId, history })).rejects.toThrow(DeterminismViolationError);
  });

  it('a workflow that was changed without regard for lives that are under way', async () => {
    const changed = await bundleWorkflowCode({
      workflowsPath: require.resolve('./fixtures/changed-workflows'),
      payloadConverterPath: dataConverter.payloadConverterPath,
      logger: new DefaultLogger('ERROR'),
    });
    await expect(replay(await readHistory('fire-resolve'), changed)).rejects.toThrow(
      DeterminismViolationError,
    );
  });
});
