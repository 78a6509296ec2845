/** People's own templates: files of `templates`, which may call the default ones and put others in their place. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notificationData } from '../../../../src/notify/integrations/group-data';
import { createTemplates } from '../../../../src/notify/integrations/group-template';
import { Refused } from '../../../../src/notify/integrations/outcome';
import { EXTERNAL_URL, firing, GROUPS, message } from './groups';

const folder = mkdtempSync(join(tmpdir(), 'templates-'));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const NOW = Date.parse('2026-03-01T10:30:00Z');
const renderingOf = (files: readonly string[], group = GROUPS.one!) =>
  createTemplates(files, () => NOW).of(notificationData(group, EXTERNAL_URL));

it('put others in the place of default ones, for all that call them', () => {
  const rendering = renderingOf([file('a.tmpl', '{{ define "__subject" }}own {{ .Status }}{{ end }}')]);

  expect(rendering.text('{{ template "slack.default.title" . }}')).toBe('own firing');
  expect(rendering.html('<p>{{ template "email.default.subject" . }}</p>')).toBe('<p>own firing</p>');
});

it('may call the default ones, and each other', () => {
  const files = [
    file('b.tmpl', '{{ define "x" }}[{{ template "__alertmanager" . }}]{{ end }}'),
    file('c.tmpl', '{{ define "y" }}{{ template "x" . }}!{{ end }}'),
  ];

  expect(renderingOf(files).text('{{ template "y" . }}')).toBe('[Alertmanager]!');
});

it('the later file wins, and an empty definition none', () => {
  const files = [
    file('d.tmpl', '{{ define "z" }}one{{ end }}'),
    file('e.tmpl', '{{ define "z" }}two{{ end }}'),
    file('f.tmpl', '{{ define "z" }}  {{ end }}'),
  ];

  expect(renderingOf(files).text('{{ template "z" . }}')).toBe('two');
});

it('can be called by their file’s name', () => {
  expect(renderingOf([file('g.tmpl', 'text {{ .Status }}')]).text('{{ template "g.tmpl" . }}')).toBe(
    'text firing',
  );
});

it('have the time at which they are rendered', () => {
  const text =
    '{{ now | date "15:04" }} {{ (index .Alerts 0).StartsAt | since }} {{ (index .Alerts 0).StartsAt | since | humanizeDuration }}';

  expect(renderingOf([]).text(text)).toBe('10:30 30m0s 30m 0s');
});

it('stand in labels of routes too, which may ask for each other; what cannot be rendered is left out', () => {
  const routeLabels = {
    plain: 'x',
    status: '{{ .Status }}/{{ routeLabels "plain" }}',
    both: '{{ routeLabels "status" }}!{{ routeLabels "none" }}',
    wrong: '{{ .Nope }}',
    a: '{{ routeLabels "b" }}',
    b: '{{ routeLabels "a" }}',
  };
  const templates = createTemplates([], () => NOW);
  const data = templates.withRouteLabels(notificationData(message({ routeLabels }), EXTERNAL_URL));

  expect(data.routeLabels).toEqual({ plain: 'x', status: 'firing/x', both: 'firing/x!' });
  expect(templates.of(data).text('{{ routeLabels "both" }} {{ .RouteLabels.status }}')).toBe(
    'firing/x! firing/x',
  );
});

it('that cannot be read stop the start, by name', () => {
  expect(() => createTemplates([join(folder, 'none.tmpl')], () => NOW)).toThrow(
    /cannot read the templates in .*none\.tmpl/,
  );
});

it.each(['{{ .Nope }}', '{{ template "nope" . }}', '{{ nope }}', '{{ if }}', '{{ index .Alerts 7 }}'])(
  'that fail refuse the message: %s',
  (text) => {
    expect(() => renderingOf([]).text(text)).toThrow(Refused);
    expect(() => renderingOf([]).html(text)).toThrow(/template cannot be rendered/);
  },
);

it('tell of groups of thousands of alerts', () => {
  const alerts = Array.from({ length: 3_000 }, (_, index) =>
    firing({
      alertname: 'Many',
      instance: String(index),
      ...Object.fromEntries([...'abcdefgh'].map((name) => [name, name.repeat(20)])),
    }),
  );
  const rendering = renderingOf([], message({ alerts }));

  expect(rendering.html('{{ template "email.default.html" . }}')).toContain('instance = 2999');
  expect(JSON.parse(rendering.text('{{ .Alerts | toJson }}'))).toHaveLength(3_000);
});
