/** The process's environment: the one place that reads it. Tests and embedders pass their own. */

export type Env = Readonly<Record<string, string | undefined>>;

export function processEnv(): Env {
  return process.env;
}
