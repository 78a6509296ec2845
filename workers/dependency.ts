/**
 * Waits for a server that a role needs. From the first moment on `/readyz` knows of it: while it is waited for with the
 * last reason, afterwards by its own check. How often it is tried is left to `waitForDependency`.
 */
import { waitForDependency } from '../src/observe/observe';
import type { Shared } from './compose';

export interface Dependency<T> {
  readonly name: string;
  open(): Promise<T>;
  /** Rejects while the server does not answer. */
  check(link: T): Promise<unknown>;
  close(link: T): Promise<void>;
}

/** Throws TOC_DEPENDENCY_AWAY when the process stops meanwhile, and at once what trying again cannot help. */
export async function openDependency<T>(
  { health, log, signal, parts }: Pick<Shared, 'health' | 'log' | 'signal' | 'parts'>,
  { name, open, check, close }: Dependency<T>,
): Promise<T> {
  let status = async (): Promise<unknown> => Promise.reject(new Error('it has not answered yet'));
  health.register(name, async () => void (await status()));
  const link = await waitForDependency(name, (wanted) => openWanted(wanted, open, close), {
    log,
    signal,
    onFailure: (reason) => (status = () => Promise.reject(new Error(reason))),
  });
  status = () => check(link);
  parts.push({ name, stop: () => close(link) });
  return link;
}

/** What comes when nobody waits for it any more is closed again: it would keep the process alive. */
async function openWanted<T>(
  wanted: AbortSignal,
  open: () => Promise<T>,
  close: (link: T) => Promise<void>,
): Promise<T> {
  const link = await open();
  if (wanted.aborted) await close(link);
  wanted.throwIfAborted();
  return link;
}
