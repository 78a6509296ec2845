/** What the parts of the command line have in common. */
import type { Command } from 'commander';
import type { ExitCode } from './failures';

export type Run = (...args: never[]) => ExitCode | Promise<ExitCode>;
export type Into = (command: Command, run: Run) => void;

export const FINGERPRINT = 'a fingerprint or the beginning of one';
export const FEATURE = "Alertmanager's way of reading matchers: classic-mode or utf8-strict-mode";

export const INSTANCE =
  'of `tocsin serve`, where it has one; default: that of the configuration, else TOCSIN_INSTANCE';

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;
}
