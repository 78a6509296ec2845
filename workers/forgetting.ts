/** Forgets what ended long ago, hour by hour; every process that has the history may do so. */
import { messageOf } from '../src/domain/errors';
import { startRetention } from '../src/history/retention';
import type { Shared } from './compose';

const now = (): Date => new Date();

export async function startForgetting({ config, history, log, parts }: Shared): Promise<void> {
  const { forgetBefore } = await history();
  const retention = startRetention({
    keepMs: config.history.retentionMs,
    forget: forgetBefore,
    now,
    onForgotten: (rows) => log.info({ rows }, 'history: forgot what had ended long ago'),
    onError: (error) => log.warn({ err: error }, `history: not forgotten: ${messageOf(error)}`),
  });
  parts.push({ name: 'retention', stop: () => retention.stop() });
}
