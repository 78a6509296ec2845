/**
 * Templates in the options of receivers. Alertmanager looks at them only when it sends: what would fail then is said now, as
 * a warning, since the file itself is one that Alertmanager takes.
 */
import { messageOf } from '../../domain/errors';
import { alertmanagerFunctions } from '../../template/alertmanager/functions';
import { compileTemplate, type Reference, type Template } from '../../template/template';
import { didYouMean, type Finding, type Path } from '../problems';

/** For their names alone. */
const FUNCTIONS = alertmanagerFunctions({ now: 0, routeLabels: {} });

/** What a notification has, as templates name it. */
const DATA = [
  ...['Receiver', 'Status', 'Alerts', 'NotificationReason', 'GroupLabels', 'CommonLabels'],
  ...['CommonAnnotations', 'RouteLabels', 'ExternalURL'],
];

/** What each alert of one has. */
const ALERT = ['Status', 'Labels', 'Annotations', 'StartsAt', 'EndsAt', 'GeneratorURL', 'Fingerprint'];

/** Ways of a notification that lead to lists of alerts. */
const ALERT_LISTS = ['Alerts', 'Alerts.Firing', 'Alerts.Resolved'];

/** What one alert has and the notification has under another name. */
const OF_ALL_ALERTS: Readonly<Record<string, string>> = {
  Annotations: 'CommonAnnotations',
  Labels: 'CommonLabels',
};

/** For its form alone: it is never executed. */
export const compileNotificationTemplate = (text: string): Template =>
  compileTemplate(text, { name: '', functions: FUNCTIONS });

/** Of all texts within `value`. `names`: of the templates that they may call; null where those are not known. */
export function templateFindings(value: unknown, path: Path, names: readonly string[] | null): Finding[] {
  if (typeof value === 'string') return value.includes('{{') ? findingsOf(value, path, names) : [];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, each]) =>
    templateFindings(each, [...path, Array.isArray(value) ? Number(key) : key], names),
  );
}

function findingsOf(text: string, path: Path, names: readonly string[] | null): Finding[] {
  try {
    return wrongReferences(compileNotificationTemplate(text), names).map((wrong) => ({
      ...{ level: 'warning', path, suggestion: wrong.suggestion },
      message: `could not be sent: ${wrong.message}`,
    }));
  } catch (error) {
    return [{ level: 'warning', path, message: `is no template and could not be sent: ${messageOf(error)}` }];
  }
}

export interface WrongReference {
  readonly message: string;
  readonly suggestion: string | null;
  readonly line: number;
}

/** Each once: fields that a notification and its alerts do not have, and templates that nobody defines. */
function wrongReferences(
  { references, definitions }: Template,
  names: readonly string[] | null,
): WrongReference[] {
  const known = names && [...names, ...definitions];
  return onceEach(references, (each) => unknownField(each) ?? (known && unknownTemplate(each, known)));
}

/** The same of a file of templates, which are called with what `.` is there: only of elements of `.Alerts` it is known. */
export const wrongInFile = ({ references }: Template, names: readonly string[]): WrongReference[] =>
  onceEach(references, (each) => unknownOfAlert(each) ?? unknownTemplate(each, names));

function onceEach(
  references: readonly Reference[],
  wrongWith: (reference: Reference) => Wrong | null,
): WrongReference[] {
  const found = new Map<string, WrongReference>();
  for (const reference of references) {
    const wrong = wrongWith(reference);
    if (wrong !== null && !found.has(wrong.message))
      found.set(wrong.message, { ...wrong, line: reference.line });
  }
  return [...found.values()];
}

type Wrong = Omit<WrongReference, 'line'>;

function unknownTemplate({ kind, path: [name = ''] }: Reference, known: readonly string[]): Wrong | null {
  if (kind !== 'template' || known.includes(name)) return null;
  return { message: `no template has the name "${name}"`, suggestion: didYouMean(name, known) };
}

function unknownField(reference: Reference): Wrong | null {
  const { kind, path, isAtTop } = reference;
  const isOfData = (kind === 'field' && isAtTop) || (kind === 'variable' && path[0] === '$');
  if (!isOfData) return unknownOfAlert(reference);
  const name = kind === 'variable' ? path[1] : path[0];
  return name === undefined || DATA.includes(name) ? null : notOfData(name);
}

function unknownOfAlert({ kind, path: [name], elementOf }: Reference): Wrong | null {
  const isOfAlert = kind === 'field' && elementOf !== undefined && ALERT_LISTS.includes(elementOf.join('.'));
  return !isOfAlert || name === undefined || ALERT.includes(name) ? null : notOfAlert(name);
}

function notOfData(name: string): Wrong {
  const other = OF_ALL_ALERTS[name];
  const mend =
    other === undefined ? `it has ${DATA.join(', ')}` : `write .${other}, or {{ range .Alerts }} around it`;
  return {
    message: `a notification has no .${name}; ${mend}`,
    suggestion: other === undefined ? didYouMean(name, DATA) : null,
  };
}

function notOfAlert(name: string): Wrong {
  const mend = DATA.includes(name) ? `write $.${name}` : `it has ${ALERT.join(', ')}`;
  return {
    message: `an alert has no .${name}; ${mend}`,
    suggestion: DATA.includes(name) ? null : didYouMean(name, ALERT),
  };
}
