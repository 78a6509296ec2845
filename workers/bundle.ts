/** Bundles the workflows. `npm run build` runs this file; production loads what it wrote, tests bundle in memory. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { dataConverter } from '../src/temporal/connection';

/** Beside the compiled code: `dist/workflow-bundle.js`. */
export const BUNDLE_PATH = join(__dirname, '..', 'workflow-bundle.js');

export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: require.resolve('../workflows'),
    payloadConverterPath: dataConverter.payloadConverterPath,
    // Evaluated once a worker instead of once a life: they keep nothing between calls, which lint sees to. Runbooks are
    // their authors' code and stay each life's own.
    preloadModules: ['../workflows/alert', '../workflows/collect'].map((path) => require.resolve(path)),
    logger: {
      log: ignore,
      trace: ignore,
      debug: ignore,
      info: ignore,
      warn: console.error,
      error: console.error,
    },
  });
}

const ignore = (): void => undefined;

async function main(): Promise<void> {
  const { code } = await bundleWorkflows();
  await mkdir(dirname(BUNDLE_PATH), { recursive: true });
  await writeFile(BUNDLE_PATH, code);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
