/** The ways of all receivers, of tocsin.yaml and of an alertmanager.yml, for what is told only to see whether it arrives. */
import type { Config, ReceiverConfig } from '../src/config/config';
import { channelWay, integrationWay, type NoticeWay } from '../src/notify/notices';
import { readAlertmanager, type ReadOptions } from './alertmanager';
import { channelOf } from './channels';

/** As long as messages of groups have. */
const INTEGRATION_TIMEOUT_MS = 60_000;

/** There is no alert behind what is told, so nothing is offered to be done about it: nobody listens for it. */
export function ownWay(receiver: ReceiverConfig, config: Config): NoticeWay {
  const { name, sendResolved, timeoutMs } = receiver;
  return channelWay({
    ...{ receiver: name, sendResolved, timeoutMs },
    channel: channelOf(receiver, { ...config, callbacks: null }, { timeline: async () => [] }),
    routingKey: receiver.type === 'notification_service' ? receiver.routingKey : null,
  });
}

/** Of the file as it is now. */
export const alertmanagerWays = (options: ReadOptions): NoticeWay[] =>
  [...readAlertmanager(options).integrations.values()].map((integration) =>
    integrationWay(integration, INTEGRATION_TIMEOUT_MS),
  );
