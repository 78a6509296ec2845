/** The small notification service as a role: the first page has where to go without anything else being installed. */
import { join } from 'node:path';
import type { Config } from '../src/config/config';
import { startNotificationService, type RecipientsSource } from '../src/dev/notification-service/service';
import type { Shared } from './compose';

export async function startNotifications(shared: Shared): Promise<void> {
  const { config, log, parts, health } = shared;
  const { host, port, from, smtp, token } = config.notificationService;
  const service = await startNotificationService({
    host,
    port,
    from,
    smtp: smtp && { ...smtp, password: smtp.password?.reveal() ?? null },
    recipients: recipientsOf(config),
    token: token?.reveal() ?? null,
    deliveriesFile: join('.tocsin', config.instance || 'default', 'deliveries.jsonl'),
    log,
  });
  health.register('smtp', () => service.check(), { required: false });
  parts.push({ name: 'notification service', stop: () => service.close() });
}

function recipientsOf({ notificationService, postgres }: Config): RecipientsSource {
  const { recipients, recipientsSql, smtp } = notificationService;
  if (recipientsSql !== null) return { kind: 'sql', url: postgres.url.reveal(), query: recipientsSql };
  // Mails that are printed need an addressee too.
  return { kind: 'map', map: smtp === null ? { default: ['log@localhost'] } : recipients };
}
