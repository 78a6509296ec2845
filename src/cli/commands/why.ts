/** `tocsin why`: why people were told of an alert, or were not, from what was recorded when it was decided. */
import { answerWhy } from '../../dispatch/answer-why';
import type { WhyAnswer, WhyRoute, WhyStatement } from '../../dispatch/port';
import { labelsText } from '../../domain/labels';
import { shownState } from '../../domain/lifecycle';
import type { AlertLists, AlertRow, Holder, RecordedRouting } from '../../history/port';
import { alertmanagerAt } from '../alertmanager-file';
import { instanceConfig, instanceText, type InstanceOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { oneLine } from '../plain';
import { fromNow, paint, stamp, stateStyle, tableOf, type Column, type Style } from '../show';
import { fingerprintOf, matcherOf } from '../words';
import { findAlert } from './alerts';

export interface WhyOptions extends InstanceOption {
  readonly alertmanagerConfig?: string;
  readonly json?: boolean;
}

const MOST_ALERTS = 50;

export async function why(
  context: Context,
  words: readonly string[],
  options: WhyOptions,
): Promise<ExitCode> {
  const routing =
    options.alertmanagerConfig === undefined ? undefined : routingIn(context, options.alertmanagerConfig);
  const config = instanceConfig(context, options);
  const { instance } = config;
  const operator = await context.wiring.openOperator(config);
  try {
    const alerts = await alertsNamed(operator.lists, words, instanceText(config));
    const answers: WhyAnswer[] = [];
    for (const alert of alerts)
      answers.push(await answerWhy(alert, { ...operator, routing, instance, now: new Date(context.now()) }));
    if (options.json) context.print(JSON.stringify(answers.map(answerJson), null, 2));
    else context.print(answers.map((answer) => answerText(context, answer)).join('\n\n'));
    return EXIT.ok;
  } finally {
    await operator.close();
  }
}

function routingIn(context: Context, file: string): RecordedRouting {
  const { route, receivers } = alertmanagerAt(context, '--alertmanager-config', file);
  const integrations = receivers.flatMap(({ name, integrations: all }) =>
    all.map(({ kind, options }, index) => ({
      name: `${name}/${kind}/${index}`,
      sendResolved: options.send_resolved,
    })),
  );
  return { route, integrations, ofRules: true };
}

/** By a fingerprint or its beginning, or all open ones for which matchers hold. */
async function alertsNamed(
  lists: AlertLists,
  words: readonly string[],
  whose: string,
): Promise<readonly AlertRow[]> {
  const [first] = words;
  if (words.length === 1 && /^[0-9a-f]+$/i.test(first!))
    return [await findAlert(lists, fingerprintOf(first!), whose)];
  const matchers = words.map(matcherOf);
  const found = [
    ...(await lists.list({ state: 'FIRING', matchers, limit: MOST_ALERTS })),
    ...(await lists.list({ state: 'ACKNOWLEDGED', matchers, limit: MOST_ALERTS })),
  ];
  const alerts = found.length > 0 ? found : await lists.list({ matchers, limit: 1 });
  if (alerts.length > 0) return alerts.slice(0, MOST_ALERTS);
  throw usage(`no alert of ${whose} has such labels: ${words.join(', ')}`);
}

function answerText(context: Context, { alert, routes, pages }: WhyAnswer): string {
  const state = shownState(alert.state, false);
  const head = `${paint(context, stateStyle(state), state)}  ${paint(context, 'bold', oneLine(alert.labels.alertname ?? 'an alert without a name'))}  ${alert.fingerprint}
  ${oneLine(labelsText(alert.labels))}
  since ${stamp(alert.startsAt)}, ${fromNow(context.now(), alert.startsAt)}`;
  const parts = [head, ...routes.map((route) => routeText(context, route))];
  if (pages.length > 0) parts.push(`Receivers of tocsin.yaml\n${statementsText(context, pages)}`);
  if (routes.length + pages.length === 0)
    parts.push(
      '  nothing is on record: no process that routes alerts has told by which routes it works; --alertmanager-config FILE names them',
    );
  return parts.join('\n');
}

function routeText(context: Context, route: WhyRoute): string {
  const { receiver, route: path, groupKey, isCurrent, statements } = route;
  const before = isCurrent ? '' : ' (routes lead it there no more)';
  const head = `Receiver ${paint(context, 'bold', oneLine(receiver))}${before}  route ${oneLine(path)}  group ${oneLine(groupKey)}`;
  return `${head}\n${statementsText(context, statements)}`;
}

function statementsText(context: Context, statements: readonly WhyStatement[]): string {
  if (statements.length === 0) return '  nothing is on record, and nobody is waiting to be told';
  return tableOf(context, columns(context.now()), statements, 2);
}

const STYLES: Readonly<Partial<Record<WhyStatement['kind'], Style>>> = {
  told: 'green',
  'told of the end': 'green',
  held: 'magenta',
  retried: 'red',
  refused: 'red',
  nobody: 'red',
};

function columns(now: number): Column<WhyStatement>[] {
  return [
    { title: 'WHEN', value: ({ at }) => (at === null ? '' : fromNow(now, at)) },
    { title: 'STAGE', value: ({ stage }) => stage },
    { title: 'WHAT', value: ({ kind }) => kind, style: ({ kind }) => STYLES[kind] ?? null },
    { title: 'WHY', value: untilText, flexible: true },
  ];
}

const untilText = ({ text, until, at }: WhyStatement): string =>
  until === null ? text : `${text} (from ${stamp(at!)} until ${stamp(until)})`;

function answerJson({ alert, routes, pages }: WhyAnswer): object {
  return {
    fingerprint: alert.fingerprint,
    labels: alert.labels,
    state: alert.state,
    starts_at: alert.startsAt,
    ends_at: alert.endsAt,
    routes: routes.map(({ groupKey, groupLabels, isCurrent, ...route }) => ({
      ...{ receiver: route.receiver, route: route.route, group_key: groupKey, group_labels: groupLabels },
      ...{ current: isCurrent, statements: route.statements.map(statementJson) },
    })),
    pages: pages.map(statementJson),
  };
}

const statementJson = (statement: WhyStatement): object => ({
  ...statement,
  by: statement.by.map(holderJson),
});

function holderJson(holder: Holder): object {
  if (holder.kind !== 'silence') return holder;
  const { kind, id, createdBy = null, comment = null, endsAt = null } = holder;
  return { kind, id, created_by: createdBy, comment, ends_at: endsAt };
}
