/**
 * Templates in the options of receivers. Alertmanager looks at them only when it sends: what would fail then is said now, as
 * a warning, since the file itself is one that Alertmanager takes.
 */
import { messageOf } from '../../domain/errors';
import { alertmanagerFunctions } from '../../template/alertmanager/functions';
import { compileTemplate, type Reference, type Template } from '../../template/template';
import type { Finding, Path } from '../problems';

/** For their names alone. */
const FUNCTIONS = alertmanagerFunctions({ now: 0, routeLabels: {} });

/** What a notification has, as templates name it. */
const DATA = [
  ...['Receiver', 'Status', 'Alerts', 'NotificationReason', 'GroupLabels', 'CommonLabels'],
  ...['CommonAnnotations', 'RouteLabels', 'ExternalURL'],
];

/** What one alert has and the notification has under another name. */
const OF_ALL_ALERTS: Readonly<Record<string, string>> = {
  Annotations: 'CommonAnnotations',
  Labels: 'CommonLabels',
};

/** For its form alone: it is never executed. */
export const compileNotificationTemplate = (text: string): Template =>
  compileTemplate(text, { name: '', functions: FUNCTIONS });

/** Of all texts within `value`. */
export function templateFindings(value: unknown, path: Path): Finding[] {
  if (typeof value === 'string') return value.includes('{{') ? findingsOf(value, path) : [];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, each]) =>
    templateFindings(each, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function findingsOf(text: string, path: Path): Finding[] {
  try {
    const { references } = compileNotificationTemplate(text);
    const unknown = new Set(references.flatMap(unknownField));
    return [...unknown].map((message) => ({ level: 'warning', path, message }));
  } catch (error) {
    return [{ level: 'warning', path, message: `is no template and could not be sent: ${messageOf(error)}` }];
  }
}

function unknownField({ kind, path, isAtTop }: Reference): string[] {
  const isOfData = (kind === 'field' && isAtTop) || (kind === 'variable' && path[0] === '$');
  const name = kind === 'variable' ? path[1] : path[0];
  if (!isOfData || name === undefined || DATA.includes(name)) return [];
  const other = OF_ALL_ALERTS[name];
  const mend =
    other === undefined ? `it has ${DATA.join(', ')}` : `write .${other}, or {{ range .Alerts }} around it`;
  return [`could not be sent: a notification has no .${name}; ${mend}`];
}
