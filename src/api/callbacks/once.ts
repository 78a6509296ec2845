/** An event is acted on once: a repeat, by the service or by somebody who has kept it, changes nothing. */
import { messageOf } from '../../domain/errors';
import type { Acted } from './acts';
import type { CallbackOptions } from './options';
import type { Caller } from './port';

export type Once = Acted | { readonly outcome: 'repeated'; readonly text: string };

/** Throws what `act` or the store throws; the same event may then come again. */
export async function once(
  { store, log, onEvent }: Pick<CallbackOptions, 'store' | 'log' | 'onEvent'>,
  { service, receiver }: Pick<Caller, 'service' | 'receiver'>,
  id: string,
  act: () => Promise<Acted>,
): Promise<Once> {
  const source = `${service}/${receiver}`;
  const tell = (outcome: Once['outcome'] | 'failed', detail: string): void => {
    log[outcome === 'failed' ? 'error' : 'info']({ service, receiver, id, outcome }, `${service}: ${detail}`);
    onEvent?.({ service, receiver, outcome, detail });
  };
  try {
    if (!(await store.begin(source, id))) {
      tell('repeated', 'this has been heard already');
      return { outcome: 'repeated', text: 'this has been heard already' };
    }
    const acted = await orAbandon(act, () => store.abandon(source, id));
    tell(acted.outcome, acted.text);
    // Without this it could be begun again in a minute, and then finds it done.
    await store
      .end(source, id)
      .catch((error: unknown) => log.warn({ err: error }, 'a callback was not ended'));
    return acted;
  } catch (error) {
    tell('failed', messageOf(error));
    throw error;
  }
}

async function orAbandon(act: () => Promise<Acted>, abandon: () => Promise<void>): Promise<Acted> {
  try {
    return await act();
  } catch (error) {
    await abandon().catch(() => undefined);
    throw error;
  }
}
