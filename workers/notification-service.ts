/** The small notification service as a role: the first page has where to go without anything else being installed. */
import { join } from 'node:path';
import { startNotificationService } from '../src/dev/notification-service/service';
import { TocsinError } from '../src/domain/errors';
import type { Shared } from './compose';

export async function startNotifications(shared: Shared): Promise<void> {
  const { config, log, parts, health } = shared;
  const { host, port, from, recipients, recipientsSql, smtp } = config.notificationService;
  if (smtp === null)
    throw new TocsinError(
      'TOC_CONFIG_INVALID',
      'notification_service.smtp is missing: the service has no server to send its mails with',
    );
  const service = await startNotificationService({
    host,
    port,
    from,
    smtp: { ...smtp, password: smtp.password?.reveal() ?? null },
    recipients:
      recipientsSql === null
        ? { kind: 'map', map: recipients }
        : { kind: 'sql', url: config.postgres.url.reveal(), query: recipientsSql },
    deliveriesFile: join('.tocsin', config.instance || 'default', 'deliveries.jsonl'),
    log,
  });
  health.register('smtp', () => service.check(), { required: false });
  parts.push({ name: 'notification service', stop: () => service.close() });
  log.info({ url: service.url }, `the notification service listens on ${service.url}`);
}
