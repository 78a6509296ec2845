/** What a test needs to know of the run's servers, and servers of its own for a test that breaks them. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { startServers, type ServerName, type StartedServers } from '../../src/dev/servers';
import { TEST_VARIABLES, TIME_SKIPPING_VARIABLE } from './global-servers';
import { makeRunFolder } from './run-folder';

export interface TestServers {
  readonly kafka: readonly string[];
  readonly temporal: string;
  readonly postgres: string;
}

/** The addresses of the servers that all tests of a run share: keep out of each other's way by `uniqueInstance`. */
export function testServers(): TestServers {
  // a suite that stands on one of them has no other
  return {
    get kafka() {
      return required(TEST_VARIABLES.kafka).split(',');
    },
    get temporal() {
      return required(TEST_VARIABLES.temporal);
    },
    get postgres() {
      return required(TEST_VARIABLES.postgres);
    },
  };
}

/** A name that prefixes everything a test makes on the shared servers. */
export function uniqueInstance(): string {
  return `t${randomBytes(5).toString('hex')}`;
}

/** Servers for one test alone, to stop, kill and restart; `stop` also removes their data. */
export async function privateServers<K extends ServerName>(
  which: readonly K[],
  options: { readonly postgresSettings?: Record<string, string> } = {},
): Promise<StartedServers<K>> {
  const dataDir = await makeRunFolder();
  const servers = await startServers({ ...options, dataDir, which, variables: 'none', ports: 'any' });
  return {
    ...servers,
    async stop() {
      await servers.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The program for `TestWorkflowEnvironment.createTimeSkipping`. */
export function timeSkippingServerPath(): string {
  return required(TIME_SKIPPING_VARIABLE);
}

/** An environment in which an hour's timer takes milliseconds. Call its `teardown` at the end. */
export function timeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  return TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: timeSkippingServerPath() } },
  });
}

function required(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: it is jest's global setup of this suite that sets it`);
  return value;
}
