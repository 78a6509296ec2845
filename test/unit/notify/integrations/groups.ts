/** Groups of alerts for tests of what is sent, and the texts that Alertmanager has rendered for them. */
import type { GroupAlert, GroupMessage } from '../../../../src/notify/port';
import { DEFAULT_TEMPLATES } from '../../../../src/template/alertmanager/default-templates';

export const EXTERNAL_URL = 'https://tocsin.example.com/alerts';

export const firing = (
  labels: Record<string, string>,
  annotations: Record<string, string> = {},
  more: Partial<GroupAlert> = {},
): GroupAlert => ({
  fingerprint: 'a1b2c3d4e5f60718',
  status: 'firing',
  labels,
  annotations,
  startsAt: '2026-03-01T10:00:00.000Z',
  endsAt: null,
  generatorUrl: 'https://prometheus.example.com/graph?g0.expr=up&g0.tab=1',
  ...more,
});

export const resolved = (
  labels: Record<string, string>,
  annotations: Record<string, string> = {},
  more: Partial<GroupAlert> = {},
): GroupAlert =>
  firing(labels, annotations, { status: 'resolved', endsAt: '2026-03-01T10:30:00.500Z', ...more });

const COMMON = { alertname: 'HighCPU', cluster: 'eu-1', severity: 'critical' };

export const message = (more: Partial<GroupMessage> = {}): GroupMessage => ({
  key: 'm-1',
  groupKey: '{}/{team="db"}:{alertname="HighCPU"}',
  receiver: 'team-db',
  groupLabels: { alertname: 'HighCPU' },
  alerts: [
    firing({ ...COMMON, instance: 'db-1:9100' }, { summary: 'CPU is high', runbook: 'https://wiki/cpu' }),
  ],
  routeLabels: { team: 'db' },
  at: Date.parse('2026-03-01T10:31:00Z'),
  reason: 'first notification',
  memory: {},
  ...more,
});

/** By the name that a failing test shows. */
export const GROUPS: Readonly<Record<string, GroupMessage>> = {
  one: message(),
  both: message({
    receiver: 'team.db/(a+b) c',
    groupLabels: { cluster: 'eu-1', alertname: 'HighCPU' },
    reason: 'new alerts added',
    alerts: [
      firing({ ...COMMON, instance: 'db-1:9100', severity: 'warning' }, { summary: 'CPU <b>&"high\'+' }),
      firing(
        { ...COMMON, instance: 'db-2:9100', severity: 'info' },
        {},
        { generatorUrl: 'javascript:alert(1)' },
      ),
      resolved(
        { ...COMMON, instance: 'db-3:9100' },
        { summary: 'ä ✓ 𝒳', dashboard: 'https://grafana/d?a=b&c=d e' },
      ),
    ],
  }),
  resolved: message({
    groupLabels: {},
    reason: 'all alerts resolved',
    alerts: [
      resolved({ alertname: 'Down', severity: 'info' }),
      resolved({ alertname: 'Up', severity: 'warning' }),
    ],
  }),
  bare: message({
    groupLabels: {},
    routeLabels: {},
    alerts: [firing({ alertname: 'Bare' }, {}, { generatorUrl: '' })],
  }),
};

/** Every default template that is given a notification. */
const NAMES = [...DEFAULT_TEMPLATES.matchAll(/define "([^"]+)"/g)]
  .map(([, name]) => name!)
  .filter(
    (name) =>
      !name.startsWith('__text') && name !== 'pagerduty.default.instances' && name !== 'email.default.html',
  );

export const TEXTS: readonly string[] = [
  ...NAMES.map((name) => `{{ template "${name}" . }}`),
  '{{ template "__text_alert_list" .Alerts.Firing }}',
  '{{ template "__text_alert_list_markdown" .Alerts }}',
  '{{ template "pagerduty.default.instances" .Alerts.Resolved }}',
  '{{ .Receiver }} {{ .Status }} {{ .NotificationReason }} {{ .ExternalURL }} {{ .RouteLabels.team }} {{ routeLabels "team" }}',
  '{{ .CommonLabels }} | {{ .CommonAnnotations }} | {{ .GroupLabels.SortedPairs }} | {{ .GroupLabels.Names }}',
  '{{ .CommonLabels.Names.Join "," }} {{ .CommonLabels.Values | join ";" }} {{ .CommonLabels.SortedPairs.Names }}',
  '{{ (.CommonLabels.Remove (stringSlice "severity" "cluster")).SortedPairs.Values }}',
  '{{ range $i, $a := .Alerts }}{{ $i }}{{ $a.Status }} {{ .Labels.nope }}{{ .Fingerprint | len }};{{ end }}',
  '{{ range .Alerts }}{{ .StartsAt }} {{ .EndsAt }} {{ .EndsAt.IsZero }} {{ .StartsAt.Format "Jan _2 3:04PM MST -0700" }};{{ end }}',
  '{{ range .Alerts }}{{ .StartsAt | tz "Europe/Berlin" | date "02.01.2006 15:04:05.000 MST Z07:00" }};{{ end }}',
  '{{ range .Alerts }}{{ (tz "America/New_York" .StartsAt).Hour }} {{ .StartsAt | tz "Asia/Kolkata" }};{{ end }}',
  '{{ range .Alerts }}{{ $t := .StartsAt }}{{ range stringSlice "Africa/Lagos" "America/Sao_Paulo" "America/St_Johns" "Asia/Dubai" "Asia/Jerusalem" "Asia/Kathmandu" "Asia/Singapore" "Asia/Tokyo" "Australia/Adelaide" "Europe/Dublin" "Europe/London" "Pacific/Auckland" "Pacific/Honolulu" "UTC" "Etc/GMT+3" }}{{ $t | tz . | date "MST -07:00" }} {{ ($t.AddDate 0 6 0) | tz . }};{{ end }}{{ end }}',
  '{{ tz "Nowhere/Else" (index .Alerts 0).StartsAt }}',
  '{{ range .Alerts }}{{ .EndsAt.Sub .StartsAt | humanizeDuration }} {{ .EndsAt.Sub .StartsAt }};{{ end }}',
  '{{ .Alerts | toJson }}',
  '{{ .CommonLabels | toJson }}{{ .CommonLabels.SortedPairs | toJson }}{{ . | toJson }}',
  '{{ list 1 "a" true nil 1.5 | toJson }} {{ append (list 1) 2 "x" }} {{ dict "a" 1 "b" (list) | toJson }}',
  '{{ dict "a" }}',
  '{{ $d := dict "x" "y" }}{{ $d.x }}{{ $d.nope }}',
  '{{ "hello wORLD foo-bar don\'t a_b 2x" | title }} {{ "äÖ" | toUpper }} {{ "ÄÖ" | toLower }}|{{ "  x " | trimSpace }}|',
  '{{ match "^a.c$" "abc" }} {{ reReplaceAll "(\\\\w)(\\\\d)" "$2-$1" "a1b2" }} {{ match "(" "x" }}',
  '{{ urlUnescape "a%20b+c%C3%A4" }} {{ "a b&c/ä" | urlquery }}',
  '{{ urlUnescape "a%2" }}',
  '{{ "ä/?>~" | base64encode }} {{ "w6QvPz5-" | base64decode }}',
  '{{ base64decode "a" }}',
  '{{ toDate "2006-01-02 15:04" "2026-03-01 10:20" }} {{ toDate "2006" "x" }} {{ mustToDate "2006-01-02T15:04:05Z07:00" "2026-03-01T10:20:30.25+02:00" | date "15:04:05.00" }}',
  '{{ mustToDate "2006" "x" }}',
  '{{ safeHtml "<b>" }}{{ safeUrl "x:y" }}{{ .Alerts.Firing | len }}{{ len .Alerts.Resolved }}{{ .Missing }}',
  '{{ template "nope" . }}',
];

export const HTML: readonly string[] = [
  '<p>{{ .CommonLabels }}</p><!-- {{ .Status }} --><b>{{ .CommonAnnotations.summary }}</b>',
  '{{ range .Alerts }}<a href="{{ .GeneratorURL }}" title="{{ .Annotations.summary }}">{{ .Annotations.summary }}</a>{{ end }}',
  '{{ range .Alerts }}<a href=\'{{ .Annotations.dashboard }}\'>x</a><a href="/x?q={{ .Annotations.dashboard }}&p={{ .Annotations.summary | urlquery }}">y</a>{{ end }}',
  '<a href="{{ template "__alertmanagerURL" . }}">{{ template "__subject" . }}</a>',
  '{{ range .Alerts }}<a title={{ .Annotations.summary }} href={{ .GeneratorURL }}>z</a>{{ end }}',
  '{{ range .Alerts }}<p style="color: {{ .Status }}; width: {{ .Annotations.summary }}">q</p>{{ end }}',
  '<style>p { color: {{ .Status }} }</style><title>{{ .CommonLabels }}</title><textarea>{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}</textarea>',
  '{{ range .Alerts }}{{ .Annotations.summary | html }}{{ .Annotations.summary | safeHtml }}<i title="{{ .Annotations.summary | safeHtml }}">{{ .Annotations.summary | toUpper }}</i>{{ end }}',
  '<a href="{{ "javascript:x" | safeUrl }}">{{ "javascript:x" }}</a><a href="{{ "MAILTO:a b" }}">m</a><a href="{{ "//h/p q%20%zz" }}">n</a>',
  '<img src="{{ .ExternalURL }}/{{ .Status }}.png" data-url="{{ .ExternalURL }}" onclick="go({{ .Status }})"><script>var a = {{ .Status }}; var b = "{{ .Status }}";</script>',
  '<{{ .Status }}><p {{ .Status }}="1" {{ "href" }}="{{ .Status }}">{{ .CommonLabels.nope }}{{ (dict).nope }}</p>',
  '<P CLASS="A"\n  Title = "{{ .CommonAnnotations }}" /><br/>{{ "a < b" }} 1 < 2 {{ len .Alerts }}',
  '{{ define "x" }}<td title="{{ . }}">{{ . }}</td>{{ end }}{{ template "x" .Status }}{{ if .Alerts.Firing }}<tr a="{{ .Status }}">{{ else }}<tr>{{ end }}{{ .Status }}',
  '{{ range .Alerts }}<a href="{{ .Annotations.dashboard | html }}" id={{ .Annotations.summary | safeHtml }}>{{ end }}',
  '<p>no template < at all</p><!-- nor this -->',
];
