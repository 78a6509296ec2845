/** Says again and again that this process is there, and keeps in mind who else is, and whether its routes are the newest. */
import type { Peer } from '../src/history/port';
import type { Shared } from './compose';

const BEAT_MS = 500;
const GONE_MS = 5_000;

export interface Peers {
  /** Those who answer over HTTP. */
  list(): readonly Peer[];
  /** False while another process goes by newer routes. */
  isInEffect(): boolean;
  /** From now on it answers there. */
  answerAt(address: string): Promise<void>;
  /** Says so now, and hears of the others. */
  beat(): Promise<void>;
  start(): Promise<void>;
}

/** `onInEffect`: told when this process' routes are the newest again, and when they are not. */
export function createPeers({ id, log, parts, history }: Shared, onInEffect: (isSo: boolean) => void): Peers {
  let peers: readonly Peer[] = [];
  let isOutdated = false;
  let address = '';

  async function beat(): Promise<void> {
    const heard = await (await history()).peers.beat({ id, address }, GONE_MS);
    peers = heard.peers;
    const hasChanged = isOutdated !== heard.isOutdated;
    isOutdated = heard.isOutdated;
    if (hasChanged) onInEffect(!isOutdated);
  }

  return {
    list: () => peers,
    isInEffect: () => !isOutdated,
    beat,
    answerAt(own) {
      address = own;
      return beat();
    },
    async start() {
      await beat();
      const timer = setInterval(
        () => void beat().catch((error: unknown) => log.debug({ err: error }, 'peers cannot be told')),
        BEAT_MS,
      );
      parts.push({
        name: 'peers',
        stop: async () => {
          clearInterval(timer);
          await (await history()).peers.leave(id);
        },
      });
    },
  };
}
