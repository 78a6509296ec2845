/** What values have to mean together: names that refer to others exist, nothing is named twice, addresses are safe. */
import type { Runbook } from '../domain/runbook';
import { formatDuration } from '../domain/duration';
import { messageOf } from '../domain/errors';
import { fallbackFindings } from './fallbacks';
import { incidentFindings } from './incidents/checks';
import { drillFindings } from './drills/checks';
import { maintenanceFindings } from './maintenance/checks';
import { onCallFindings } from './on-call/checks';
import type { Finding, Path } from './problems';
import { duplicates, unknownName } from './references';
import type { RawConfig } from './schema';

/** What other rooms have, passed in because this room imports none of them. Left out: not checked. */
export interface Known {
  readonly runbooks?: readonly Pick<Runbook, 'name' | 'inputs'>[];
  readonly metrics?: readonly { readonly name: string; readonly unit?: string }[];
  /** Of the configuration that the rules belong to. */
  readonly receivers?: readonly string[];
  /** Target type → its metric groups. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
}

/** `alertmanager`: the receivers of the alertmanager.yml that is named; null: none is, undefined: it has errors of its own. */
export function crossFindings(
  config: RawConfig,
  known: Known,
  alertmanager: readonly string[] | null | undefined,
): Finding[] {
  const names = { own: config.receivers.map(({ name }) => name), alertmanager };
  return [
    ...duplicates(['targets'], config.targets),
    ...duplicates(['receivers'], config.receivers),
    ...duplicates(['escalation'], config.escalation),
    ...targets(config, known),
    ...receivers(config),
    ...audit(config),
    ...routes(config),
    ...fatigue(config),
    ...maintenanceFindings(config),
    ...drillFindings(config.drills, names),
    ...onCallFindings(config, names),
    ...escalations(config),
    ...incidentFindings(config, names),
    ...fallbackFindings(['receivers'], config.receivers, namesOf(config.receivers), 'receiver'),
    ...remediation(config, known),
    ...pools(config),
    ...history(config),
    ...callbacks(config),
    ...listening(config),
    ...service(config),
  ];
}

const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  postgresql: ['postgres', 'postgresql'],
  mongodb: ['mongodb', 'mongodb+srv'],
  mssql: ['mssql', 'sqlserver'],
  snowflake: ['snowflake'],
  host: [],
};

function targets(config: RawConfig, { groups }: Known): Finding[] {
  const findings: Finding[] = [];
  config.targets.forEach((target, index) => {
    const path: Path = ['targets', index];
    const schemes = SCHEMES[target.type]!;
    const url = [...path, 'url'];
    if (target.url === null && schemes.length > 0) {
      findings.push({
        path: url,
        message: `is missing: a ${target.type} target needs one`,
        accepted: `${schemes[0]}://…`,
      });
    } else if (target.url !== null && schemes.length === 0) {
      findings.push({
        path: url,
        message: 'has no meaning: a host target is the machine that the collector runs on',
        accepted: 'leave it out',
      });
    } else if (target.url !== null && 'text' in target.url && !schemeIsOneOf(target.url.text, schemes)) {
      findings.push({
        path: url,
        value: '***',
        message: `is no URL of ${target.type}`,
        accepted: schemes.map((scheme) => `${scheme}://…`).join(', '),
      });
    }
    findings.push(...groupNames([...path, 'intervals'], target.intervals, groups?.[target.type]));
  });
  const every = groups && [...new Set(Object.values(groups).flat())];
  return [...findings, ...groupNames(['collect', 'intervals'], config.collect.intervals, every)];
}

function groupNames(
  path: Path,
  intervals: Readonly<Record<string, number>>,
  names: readonly string[] | undefined,
): Finding[] {
  if (names === undefined) return [];
  return Object.keys(intervals).flatMap((name) => unknownName([...path, name], name, names, 'metric group'));
}

function schemeIsOneOf(url: string, schemes: readonly string[]): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/[^/]/i.exec(url)?.[1]?.toLowerCase();
  return scheme !== undefined && schemes.includes(scheme);
}

function receivers(config: RawConfig): Finding[] {
  return config.receivers.flatMap((receiver, index): Finding[] => {
    const findings: Finding[] = [];
    const path: Path = ['receivers', index];
    if (
      receiver.type === 'webhook' &&
      'text' in receiver.url &&
      !schemeIsOneOf(receiver.url.text, ['http', 'https'])
    ) {
      findings.push({
        path: [...path, 'url'],
        value: '***',
        message: 'is no web address',
        accepted: 'an http or https URL',
      });
    }
    if (receiver.notify_after === 'fire' && receiver.deadline !== undefined) {
      findings.push({
        level: 'warning',
        path: [...path, 'deadline'],
        message: 'has no effect: with notify_after fire there is nothing to wait for',
      });
    }
    if (receiver.type === 'webhook' && receiver.tls !== null) {
      const { cert, key } = receiver.tls;
      if ((cert === null) !== (key === null))
        findings.push({
          path: [...path, 'tls', cert === null ? 'cert' : 'key'],
          message: 'is missing: cert and key come together',
        });
    }
    if (receiver.type === 'email') findings.push(...smtpLogin([...path, 'smtp'], receiver.smtp));
    return findings;
  });
}

function smtpLogin(
  path: Path,
  smtp: { readonly user: string | null; readonly password: unknown },
): Finding[] {
  if ((smtp.user === null) === (smtp.password === null)) return [];
  const missing = smtp.user === null ? 'user' : 'password';
  return [{ path: [...path, missing], message: 'is missing: user and password come together' }];
}

const namesOf = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => name);

function routes(config: RawConfig): Finding[] {
  const names = namesOf(config.receivers);
  if (config.route.receivers.length === 0) {
    if (config.route.severity_routing !== null || config.alertmanager !== null) return [];
    return [
      {
        level: 'warning',
        path: ['route', 'receivers'],
        message: 'is empty: nobody is told when an alert fires',
      },
    ];
  }
  return config.route.receivers.flatMap((name, index) =>
    unknownName(['route', 'receivers', index], name, names, 'receiver'),
  );
}

/** A digest has to come before there is room again for what it would tell of. */
function fatigue({ route: { fatigue_limit: limit } }: RawConfig): Finding[] {
  if (limit === null || limit.digest_after <= limit.window) return [];
  const window = formatDuration(limit.window);
  return [
    {
      path: ['route', 'fatigue_limit', 'digest_after'],
      value: formatDuration(limit.digest_after),
      message: `is longer than window: after ${window} the next alerts would be told before those that wait`,
      accepted: `at most ${window}`,
    },
  ];
}

function escalations(config: RawConfig): Finding[] {
  const catchAll = config.escalation.findIndex(({ matchers }) => matchers.length === 0);
  if (catchAll < 0 || catchAll === config.escalation.length - 1) return [];
  return [
    {
      level: 'warning',
      path: ['escalation', catchAll],
      message: 'has no matchers, so it takes every alert and those after it are never used',
    },
  ];
}

function audit({ audit: { every, heartbeat } }: RawConfig): Finding[] {
  const { url } = heartbeat;
  if (url === null) return [];
  const path: Path = ['audit', 'heartbeat', 'url'];
  if ('text' in url && !schemeIsOneOf(url.text, ['http', 'https']))
    return [{ path, value: '***', message: 'is no web address', accepted: 'an http or https URL' }];
  return every === null ? [{ path, message: 'is never told anything while audit.every is off' }] : [];
}

function remediation({ remediation: policy }: RawConfig, { runbooks }: Known): Finding[] {
  const configured = Object.entries(policy.runbooks);
  const findings: Finding[] = [];
  if (
    policy.enabled &&
    policy.environments.length === 0 &&
    configured.some(([, own]) => own.enabled !== false)
  ) {
    findings.push({
      level: 'warning',
      path: ['remediation', 'environments'],
      message: 'is empty: no runbook may act anywhere',
    });
  }
  if (runbooks === undefined) return findings;
  for (const [name, own] of configured) {
    const path: Path = ['remediation', 'runbooks', name];
    const runbook = runbooks.find((each) => each.name === name);
    if (runbook === undefined) findings.push(...unknownName(path, name, namesOf(runbooks), 'runbook'));
    else findings.push(...inputs([...path, 'inputs'], own.inputs ?? {}, runbook));
  }
  return findings;
}

function inputs(
  path: Path,
  given: Readonly<Record<string, unknown>>,
  runbook: Pick<Runbook, 'name' | 'inputs'>,
): Finding[] {
  return Object.entries(given).flatMap(([name, value]): Finding[] => {
    const spec = runbook.inputs[name];
    if (spec === undefined)
      return unknownName([...path, name], name, Object.keys(runbook.inputs), `input of ${runbook.name}`);
    try {
      spec.parse(value);
      return [];
    } catch (error) {
      return [{ path: [...path, name], message: messageOf(error) }];
    }
  });
}

function pools({ collect: { pool } }: RawConfig): Finding[] {
  if (pool.min <= pool.max) return [];
  return [
    { path: ['collect', 'pool', 'min'], value: String(pool.min), message: `is more than max ${pool.max}` },
  ];
}

function history({ postgres: { url } }: RawConfig): Finding[] {
  const schemes = SCHEMES.postgresql!;
  if ('file' in url || schemeIsOneOf(url.text, schemes)) return [];
  const accepted = schemes.map((scheme) => `${scheme}://…`).join(', ');
  return [{ path: ['postgres', 'url'], value: '***', message: 'is no URL of postgresql', accepted }];
}

/** What services come back with is taken where somebody listens, and is believed where it can be checked. */
function callbacks({ receivers: all, http: { callbacks: own } }: RawConfig): Finding[] {
  const path: Path = ['http', 'callbacks'];
  const telephones = all.filter(({ type }) => type === 'sms' || type === 'voice');
  if (own.listen !== null) {
    if (own.external_url !== null || telephones.length === 0) return [];
    const message = `is missing: who calls back for ${telephones[0]!.name} signs the address that he calls`;
    return [{ path: [...path, 'external_url'], message, accepted: 'https://tocsin.example.com' }];
  }
  return all.flatMap((receiver, index): Finding[] => {
    const key =
      receiver.type === 'pagerduty'
        ? 'webhook_secrets'
        : receiver.type === 'slack' || receiver.type === 'incident_room'
          ? 'signing_secrets'
          : null;
    if (key === null || (receiver as unknown as Record<string, unknown[]>)[key]!.length === 0) return [];
    const message = 'has no effect: nobody listens for what comes back; set http.callbacks.listen';
    return [{ level: 'warning', path: ['receivers', index, key], message }];
  });
}

function listening(config: RawConfig): Finding[] {
  const beyond = (host: string): boolean => !/^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
  const findings: Finding[] = [];
  const warn = (path: Path, host: string): void => {
    findings.push({
      level: 'warning',
      path,
      value: JSON.stringify(host),
      message: 'is reachable from other machines, and nobody has to log in; let a firewall or proxy guard it',
    });
  };
  if (beyond(config.http.host)) warn(['http', 'host'], config.http.host);
  const { listen } = config.notification_service;
  if (beyond(listen.slice(0, listen.lastIndexOf(':')))) warn(['notification_service', 'listen'], listen);
  return findings;
}

function service({ notification_service: own }: RawConfig): Finding[] {
  const findings: Finding[] = [];
  const path: Path = ['notification_service'];
  if (own.smtp !== null) findings.push(...smtpLogin([...path, 'smtp'], own.smtp));
  const someone = Object.keys(own.recipients).length > 0 || own.recipients_sql !== null;
  if (someone && own.smtp === null)
    findings.push({ path: [...path, 'smtp'], message: 'is missing: the recipients are told by mail' });
  return findings;
}
