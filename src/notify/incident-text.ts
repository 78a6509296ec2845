/** What a message about an incident says: how bad, what belongs to it, who commands, what is new. Pure. */
import { INCIDENT_OPENED, incidentRef, tellsOfCommander, tellsOfRaise } from '../domain/incident';
import { shortened } from '../domain/shortened';
import type { IncidentAlert, IncidentFacts, NotificationFacts } from '../history/port';
import { clock } from './body';
import { roundDuration } from './subject';

const LONGEST_SUBJECT = 150;
const MOST_ALERTS = 50;

type Told = NotificationFacts & { readonly incident: IncidentFacts };

/** `[CRITICAL] Incident INC-7 orders: 3 alerts of service=orders`. */
export function incidentSubject({ alert, incident }: Told, step: string): string {
  const { id, policy, about, count, severity, commander } = incident;
  const state = alert.state === 'FIRING' && severity !== null ? severity.toUpperCase() : alert.state;
  const what =
    alert.state === 'RESOLVED'
      ? `after ${lasted(incident)}, ${count} alerts of ${about}`
      : tellsOfCommander(step) && commander !== null
        ? `${commander} commands, ${count} alerts of ${about}`
        : `${count} alerts of ${about}`;
  const line = `[${state}] Incident ${incidentRef(id)} ${policy}: ${what}`;
  return shortened(line.replace(/\s+/g, ' '), LONGEST_SUBJECT);
}

export function incidentBody(told: Told, step: string, now: Date): string {
  const sections = [headline(told, step, now), alertLines(told.incident), todo(told.incident)];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

function headline({ alert, incident }: Told, step: string, now: Date): string[] {
  const { id, policy, about, severity, commander, openedAt, resolvedAt, resolvedBy } = incident;
  const lines = [`Incident ${incidentRef(id)} ${policy} is ${alert.state} (${about})`];
  if (severity !== null) lines.push(`Severity: ${severity}${tellsOfRaise(step) ? ', which is new' : ''}`);
  lines.push(
    `Commander: ${commander ?? 'nobody is on call for it'}${tellsOfCommander(step) ? ', from now on' : ''}`,
  );
  if (resolvedAt === null) {
    const since = roundDuration(now.getTime() - Date.parse(openedAt));
    lines.push(`Since: ${clock(openedAt)}${step === INCIDENT_OPENED ? '' : `, ${since} ago`}`);
  } else {
    lines.push(`From: ${clock(openedAt)} to ${clock(resolvedAt)}, lasted ${lasted(incident)}`);
    if (resolvedBy !== null) lines.push(`Resolved by: ${resolvedBy}`);
  }
  return lines;
}

function alertLines({ alerts, count, openCount }: IncidentFacts): string[] {
  const shown = alerts.slice(0, MOST_ALERTS);
  const left = count - shown.length;
  return [
    `Its ${count} alerts, ${openCount} of them open:`,
    ...shown.map(alertLine),
    ...(left > 0 ? [`- and ${left} more`] : []),
  ];
}

function alertLine({ labels, annotations, state, at, fingerprint, takenBy }: IncidentAlert): string {
  const place = labels['instance_id'] ?? labels['instance'] ?? labels['service'];
  const where = place === undefined ? '' : ` on ${place}`;
  const what = `${labels['alertname'] ?? fingerprint}${where} (${labels['severity'] ?? 'no severity'})`;
  const runbook = annotations['runbook_url'] || labels['runbook_url'];
  const links = [`tocsin alerts show ${fingerprint.slice(0, 8)}`, ...(runbook ? [`runbook ${runbook}`] : [])];
  const held = takenBy === null ? '' : ` by ${takenBy}`;
  return `- ${what}, ${state}${held}, since ${clock(at)}: ${links.join(', ')}`;
}

function todo({ id, state }: IncidentFacts): string[] {
  const ref = incidentRef(id);
  if (state === 'resolved') return [`What happened: tocsin incidents show ${ref}`];
  return [
    'What to do:',
    `Look at it: tocsin incidents show ${ref}`,
    `Take all of it: tocsin incidents ack ${ref}`,
    `Hand it over: tocsin incidents commander ${ref} PERSON`,
    `End it: tocsin incidents resolve ${ref}; it ends by itself when its alerts are over`,
  ];
}

const lasted = ({ openedAt, resolvedAt }: IncidentFacts): string =>
  resolvedAt === null ? 'an unknown time' : roundDuration(Date.parse(resolvedAt) - Date.parse(openedAt));
