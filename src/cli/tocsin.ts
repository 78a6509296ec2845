#!/usr/bin/env node
/** The entry of the `tocsin` command: arguments in, exit code out. */
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
