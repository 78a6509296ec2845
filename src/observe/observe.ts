/**
 * What every role shows of itself: logs, metrics, health. Other rooms take what they need of these as plain values; the
 * wiring makes them.
 */
export {
  createLogger,
  silentLogger,
  LOG_LEVELS,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from './logger';
export { shortLines } from './short-lines';
export { createMetrics, type Metrics, type MetricsOptions } from './metrics';
export { createAlertmanagerMetrics, type AlertmanagerMetrics, type Tally } from './alertmanager-metrics';
export { createHealth, type Health, type HealthCheck, type Liveness, type Readiness } from './health';
export { startObservability, type Answering, type Observability, type ObservabilityOptions } from './server';
export { addressOf, advertisedAddress } from './advertised';
export { cannotListen } from './cannot-listen';
export { waitForDependency, type WaitOptions } from './wait-for';
export { redactLine, redactUrl } from './redact';
export { packageVersion } from './version';
export { withDeadline } from './deadline';
export { createTurns, type Turns } from './turns';
