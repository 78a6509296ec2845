/** Templates of Prometheus' rules have the alert's labels and value, and the results of queries. */
import { ruleProblem, ruleText } from './rule';

it.each([
  ['{{ $labels.instance }} is down', 'db-1.example.com:9100 is down'],
  [
    '{{ .Labels.alertname }} {{ $externalLabels.cluster }} {{ $externalURL }} {{ .ExternalURL }}',
    'Down eu http://testhost:9090/path/prefix http://testhost:9090/path/prefix',
  ],
  ['{{ $labels.nope }}|{{ .Labels.nope }}|', '||'],
  ['{{ $value }} {{ printf "%.2f" $value }} {{ $value | humanize }}', '1.5 1.50 1.5'],
  [
    '{{ range $k, $v := $labels }}{{ $k }}={{ $v }},{{ end }}',
    'alertname=Down,instance=db-1.example.com:9100,',
  ],
  ['{{ query "x" | first | value }}', '21'],
  ['{{ query "x" | first | label "instance" }}', 'b'],
  ['{{ query "x" | first | label "nope" }}|', '|'],
  ['{{ index (query "x") 1 | strvalue }}', 'eleven'],
  [
    '{{ range query "x" | sortByLabel "instance" }}{{ .Labels.instance }}:{{ .Value }} {{ end }}',
    'a:11 b:21 ',
  ],
  ['{{ with query "x" }}{{ . | first | value | humanize }}{{ end }}', '21'],
  ['{{ $x := query "x" | first }}{{ $x.Labels.nope }}|{{ $x.Value }}', '|21'],
  ['{{ query "x" | len }}', '2'],
  ['{{ define "x" }}{{ .arg0 }} {{ .arg1 }}{{ end }}{{ template "x" (args 1 "2") }}', '1 2'],
  ['{{ pathPrefix }} {{ externalURL }}', '/path/prefix http://testhost:9090/path/prefix'],
  [
    '{{ graphLink "up{a=\\"b\\"}" }} {{ tableLink "up" }}',
    '/graph?g0.expr=up%7Ba%3D%22b%22%7D&g0.tab=0 /graph?g0.expr=up&g0.tab=1',
  ],
  ['{{ urlQueryEscape "a b&c" }}{{ safeHtml "<b>" }}', 'a+b%26c<b>'],
])('%s', (text, expected) => {
  expect(ruleText(text)).toBe(expected);
});

it.each([
  [
    '{{ query "x" | first }}',
    'test:1:15: executing "test" at <first>: error calling first: first() called on vector with no elements',
  ],
  [
    '{{ (query "x").banana }}',
    'test:1:10: executing "test" at <"x">: can\'t evaluate field banana in type template.queryResult',
  ],
  [
    '{{ .Nope }}',
    'test:1:3: executing "test" at <.Nope>: can\'t evaluate field Nope in type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }',
  ],
  ['{{ $value.x }}', 'test:1:9: executing "test" at <$value.x>: can\'t evaluate field x in type float64'],
  [
    '{{ first $labels }}',
    'test:1:9: executing "test" at <$labels>: wrong type for value; expected template.queryResult; got map[string]string',
  ],
  ['{{ $nope }}', 'test:1: undefined variable "$nope"'],
])('%s is refused, with places in the text as its author wrote it', (text, message) => {
  expect(ruleProblem(text, { query: () => [] })).toBe(`template: ${message}`);
});

it('without anything to ask, a query says so', () => {
  expect(ruleProblem('{{ query "x" }}', { query: undefined })).toContain(
    'error calling query: there is nothing to ask queries of',
  );
});

it("a query's own failure is said", () => {
  const query = () => {
    throw new Error('the database is away');
  };
  expect(ruleProblem('{{ query "x" }}', { query })).toBe(
    'template: test:1:3: executing "test" at <query "x">: error calling query: the database is away',
  );
});
