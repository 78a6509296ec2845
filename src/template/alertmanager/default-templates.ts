/**
 * The templates that receivers use where the configuration says nothing, under the names by which people's own templates
 * call them or put others in their place. What they render is what Alertmanager's render, since people filter, route and
 * search by it; the HTML mail shows the same in a layout of our own.
 */
import { defaultMail } from './default-mail';

const define = (name: string, body: string): string => `{{ define "${name}" }}${body}{{ end }}\n`;
const call = (name: string, data = '.'): string => `{{ template "${name}" ${data} }}`;

/** Each of `names` renders what `body` does. */
const all = (body: string, names: readonly string[]): string =>
  names.map((name) => define(name, body)).join('');

const SUBJECT =
  '[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}]' +
  ' {{ .GroupLabels.Values.Join " " }} ' +
  '{{ if gt (len .CommonLabels) (len .GroupLabels) }}({{ (.CommonLabels.Remove .GroupLabels.Names).Values.Join " " }}){{ end }}';

const COLOUR = '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}';
const ANNOTATIONS = '{{ .CommonAnnotations.Values.Join " " }}\n';

/** A group's firing or resolved alerts under a heading; nothing where there are none. */
const section = (which: 'Firing' | 'Resolved', start: string, list: string, end: string): string =>
  `{{ with .Alerts.${which} }}${start}Alerts ${which}:\n${call(list)}${end}{{ end }}`;

/** Both sections, each with `end` behind it. */
const sections = (start: string, list: string, end: string): string =>
  `${section('Firing', start, list, end)}\n${section('Resolved', start, list, end)}`;

const PLAIN = '__text_alert_list';
const MARKDOWN = '__text_alert_list_markdown';

/** Services that show a text as it comes get no blank lines, others get some between the sections. */
const TIGHT = sections('', PLAIN, '');
const LOOSE = `${sections('\n', PLAIN, '\n')}\n`;
const HEADED = `\n${sections('\n# ', MARKDOWN, '\n')}\n`;

const pairs = (of: string, indent: string): string =>
  `{{ range .${of}.SortedPairs }}${indent}- {{ .Name }} = {{ .Value }}\n{{ end }}`;

/** The highest severity of the alerts, in Jira's words. */
const priority = (which: 'Firing' | 'Resolved'): string =>
  `{{ range .Alerts.${which} }}{{ $severity := .Labels.severity }}` +
  '{{ if eq $severity "critical" }}{{ $priority = "High" }}' +
  '{{ else if and (eq $severity "warning") (ne $priority "High") }}{{ $priority = "Medium" }}' +
  '{{ else if and (eq $severity "info") (not $priority) }}{{ $priority = "Low" }}{{ end }}{{ end }}';

const ALERTS = [
  define(
    PLAIN,
    `{{ range . }}Labels:\n${pairs('Labels', ' ')}Annotations:\n${pairs('Annotations', ' ')}Source: {{ .GeneratorURL }}\n{{ end }}`,
  ),
  define(
    MARKDOWN,
    `{{ range . }}\nLabels:\n${pairs('Labels', '  ')}\nAnnotations:\n${pairs('Annotations', '  ')}\nSource: {{ .GeneratorURL }}\n{{ end }}\n`,
  ),
];

export const DEFAULT_TEMPLATES = [
  define('__alertmanager', 'Alertmanager'),
  define('__alertmanagerURL', '{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}'),
  define('__subject', SUBJECT),
  ...ALERTS,
  all('', [
    ...['__description', 'slack.default.callbackid', 'slack.default.pretext', 'slack.default.iconemoji'],
    ...['slack.default.iconurl', 'slack.default.text', 'slack.default.footer', 'wechat.default.to_user'],
    ...[
      'wechat.default.to_party',
      'wechat.default.to_tag',
      'wechat.default.agent_id',
      'discord.default.content',
    ],
    ...['rocketchat.default.emoji', 'rocketchat.default.iconurl', 'rocketchat.default.text'],
  ]),
  all(call('__alertmanager'), [
    ...['slack.default.username', 'pagerduty.default.client', 'victorops.default.monitoring_tool'],
    ...['rocketchat.default.alias', 'mattermost.default.username'],
  ]),
  all(call('__alertmanagerURL'), [
    ...[
      'slack.default.titlelink',
      'pagerduty.default.clientURL',
      'opsgenie.default.source',
      'pushover.default.url',
    ],
    ...['rocketchat.default.titlelink', 'mattermost.default.titlelink'],
  ]),
  all(call('__subject'), [
    ...['slack.default.title', 'pagerduty.default.description', 'opsgenie.default.message'],
    ...['victorops.default.entity_display_name', 'pushover.default.title', 'sns.default.subject'],
    ...[
      'discord.default.title',
      'msteams.default.summary',
      'msteams.default.title',
      'msteamsv2.default.title',
    ],
    ...[
      'jira.default.summary',
      'rocketchat.default.title',
      'mattermost.default.title',
      'email.default.subject',
    ],
  ]),
  ...['slack', 'mattermost'].flatMap((kind) => [
    define(
      `${kind}.default.fallback`,
      `${call(`${kind}.default.title`)} | ${call(`${kind}.default.titlelink`)}`,
    ),
    define(`${kind}.default.color`, COLOUR),
  ]),
  define('pagerduty.default.instances', call(PLAIN)),
  all(ANNOTATIONS + TIGHT, ['opsgenie.default.description', 'victorops.default.state_message']),
  define(
    'wechat.default.message',
    `${call('__subject')}\n${ANNOTATIONS}${TIGHT}\nAlertmanagerUrl:\n${call('__alertmanagerURL')}`,
  ),
  all(ANNOTATIONS + LOOSE, ['pushover.default.message', 'sns.default.message', 'webex.default.message']),
  all(`\n${LOOSE}`, ['telegram.default.message', 'discord.default.message']),
  all(HEADED, [
    ...[
      'msteams.default.text',
      'msteamsv2.default.text',
      'jira.default.description',
      'mattermost.default.text',
    ],
  ]),
  define(
    'jira.default.priority',
    `{{ $priority := "" }}${priority('Firing')}{{ if not $priority }}${priority('Resolved')}{{ end }}{{ $priority }}`,
  ),
  define('email.default.html', defaultMail()),
].join('');
