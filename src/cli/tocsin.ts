#!/usr/bin/env -S node --max-semi-space-size=64
/**
 * The entry of the `tocsin` command: arguments in, exit code out. What is on its way in a storm outlives Node's small
 * nursery of 16 MiB; copied again and again, it cost a sixth of the processor's time.
 */
import { processContext } from './context';
import { runCli } from './program';

// `tocsin alerts list | head` closes the pipe early; that is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// the exit code is set, not forced: what is still being written is written
void runCli(process.argv.slice(2), processContext()).then((code) => {
  process.exitCode ||= code;
});
