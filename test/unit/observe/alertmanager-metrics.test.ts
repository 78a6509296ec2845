/** Dashboards and alerts written for Alertmanager find what they look for before anything has happened. */
import { createAlertmanagerMetrics, createMetrics } from '../../../src/observe/observe';

it('counters of what is configured begin at nought, and reading it again leaves them as they are', async () => {
  const { registry } = createMetrics({ process: false });
  const metrics = createAlertmanagerMetrics(registry);
  metrics.notifiedBy(['webhook', 'slack', 'webhook']);
  metrics.notifications.inc({ integration: 'slack' });
  metrics.notifiedBy(['slack']);
  const text = await registry.metrics();
  for (const line of [
    'alertmanager_notifications_total{integration="webhook"} 0',
    'alertmanager_notifications_total{integration="slack"} 1',
    'alertmanager_notifications_failed_total{integration="webhook",reason="other"} 0',
    'alertmanager_notification_requests_total{integration="slack"} 0',
    'alertmanager_notification_requests_failed_total{integration="webhook"} 0',
  ])
    expect(text).toContain(`${line}\n`);
});

it('a restart is seen by the name that all exporters give it', async () => {
  const text = await createMetrics().registry.metrics();
  const [, seconds] = /^process_start_time_seconds (\d+)$/m.exec(text)!;
  expect(Math.abs(Number(seconds) + process.uptime() - Date.now() / 1_000)).toBeLessThan(60);
});
