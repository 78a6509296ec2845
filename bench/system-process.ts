/** Tocsin as it is started for work, as a child of a measurement: `system-process.js ROLE,ROLE CONFIGURATION`. */
import { loadConfig } from '../src/config/load';
import { startRoles, type Role } from '../workers/roles';
import { answerRuns } from './child';

async function main([roles, text]: string[]): Promise<void> {
  const config = loadConfig({ text: text!, path: null }, {});
  const running = await startRoles(config, roles!.split(',') as Role[]);
  await answerRuns(() => Promise.resolve({}));
  await running.stop();
  process.exit(0);
}

void main(process.argv.slice(2));
