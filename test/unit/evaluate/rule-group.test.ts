import {
  NO_EXTENSIONS,
  type AlertRule,
  type GroupRule,
  type RuleGroup,
} from '../../../src/domain/rule-group';
import { createGroup } from '../../../src/evaluate/rule-group';
import { parseSeriesLabels } from '../../../src/promql/parse';
import { Preparer } from '../../../src/promql/prepare';
import { MemorySource } from '../../../src/promql/source';

const MINUTE = 60_000;
const alert = (change: Partial<AlertRule> = {}): AlertRule => ({
  ...{
    kind: 'alert',
    name: 'High',
    expr: 'x > 5',
    forMs: 0,
    keepFiringForMs: 0,
    labels: {},
    annotations: {},
    ...NO_EXTENSIONS,
  },
  ...change,
});

function bench(rules: readonly GroupRule[], change: Partial<RuleGroup> = {}) {
  const source = new MemorySource();
  const written: string[] = [];
  const group = createGroup(
    { file: null, name: 'g', intervalMs: MINUTE, queryOffsetMs: null, limit: 0, rules, ...change },
    {
      preparer: new Preparer({ source }),
      intervalMs: MINUTE,
      externalLabels: { site: 'a' },
      externalUrl: 'https://tocsin.example',
      write(labels, time, sample) {
        written.push(`${time / MINUTE} ${labels.toString()} ${sample}`);
        source.series(labels).samples.add(time, sample === 'stale' ? NaN : sample, sample === 'stale');
        return true;
      },
    },
  );
  return {
    ...{ group, written, source },
    /** Puts the sample and evaluates, at that minute. */
    at(minute: number, samples: Record<string, number>) {
      for (const [series, value] of Object.entries(samples))
        source.series(parseSeriesLabels(series)).samples.add(minute * MINUTE, value);
      group.evaluate(minute * MINUTE);
      return group.rules().map(({ alerts, error }) => error ?? alerts.map(({ state }) => state).join());
    },
  };
}

it('fires when `for` has passed without a break', () => {
  const { at } = bench([alert({ forMs: 2 * MINUTE })]);
  expect([9, 9, 1, 9, 9, 9, 1].map((x, minute) => at(minute, { x })[0])).toEqual([
    ...['pending', 'pending', '', 'pending', 'pending', 'firing', ''],
  ]);
});

it('goes on firing for keep_firing_for, counted anew from each break', () => {
  const { at } = bench([alert({ keepFiringForMs: 2 * MINUTE })]);
  expect([9, 1, 9, 1, 1, 1].map((x, minute) => at(minute, { x })[0])).toEqual([
    ...['firing', 'firing', 'firing', 'firing', 'firing', ''],
  ]);
});

it('never keeps what has not fired', () => {
  const { at } = bench([alert({ forMs: MINUTE, keepFiringForMs: 5 * MINUTE })]);
  expect([9, 1].map((x, minute) => at(minute, { x })[0])).toEqual(['pending', '']);
});

it('makes ALERTS and ALERTS_FOR_STATE, and ends a series that is no more with a stale marker', () => {
  const { at, written } = bench([alert({ forMs: MINUTE, labels: { severity: 'page' } })]);
  for (const [minute, x] of [9, 9, 1].entries()) at(minute, { 'x{a="1"}': x });
  const labels = 'a="1", alertname="High", severity="page"';
  const state = (word: string) => `ALERTS{a="1", alertname="High", alertstate="${word}", severity="page"}`;
  expect(written).toEqual([
    `0 ${state('pending')} 1`,
    `0 ALERTS_FOR_STATE{${labels}} 0`,
    `1 ${state('firing')} 1`,
    `1 ALERTS_FOR_STATE{${labels}} 0`,
    `1 ${state('pending')} stale`,
    `2 ${state('firing')} stale`,
    `2 ALERTS_FOR_STATE{${labels}} stale`,
  ]);
});

it('lets a rule see what the rules before it recorded in the same evaluation', () => {
  const record: GroupRule = {
    kind: 'record',
    name: 'job:x:sum',
    expr: 'sum by (job) (x)',
    labels: { made: 'yes' },
  };
  const seen = alert({ expr: 'job:x:sum{made="yes"} > 5' });
  const { at } = bench([seen, record, seen]);
  expect(at(0, { 'x{job="a",i="1"}': 3, 'x{job="a",i="2"}': 4 })).toEqual(['', '', 'firing']);
});

it('expands templates in labels and annotations; the labels make the alert', () => {
  const { at, group } = bench([
    alert({
      labels: { severity: '{{ if gt $value 8.0 }}critical{{ else }}warning{{ end }}', a: '' },
      annotations: {
        summary:
          '{{ $labels.a }} is {{ $value }} of {{ with query "max(x)" }}{{ . | first | value }}{{ end }}',
      },
    }),
  ]);
  at(0, { 'x{a="1"}': 7, 'x{a="2"}': 9 });
  expect(
    group
      .rules()[0]!
      .alerts.map(({ labels, annotations }) => [labels.toString(), annotations().get('summary')]),
  ).toEqual([
    ['{alertname="High", severity="warning"}', '1 is 7 of 9'],
    ['{alertname="High", severity="critical"}', '2 is 9 of 9'],
  ]);
});

it('keeps an alert whose annotation cannot be expanded', () => {
  const { at, group } = bench([alert({ annotations: { summary: '{{ $labels.a | humanize }}' } })]);
  at(0, { 'x{a="b"}': 7 });
  expect(group.rules()[0]!.alerts[0]!.annotations().get('summary')).toMatch(
    /^<error expanding template: .+>$/,
  );
});

it('refuses two alerts of one label set, and more than its limit', () => {
  const twins = bench([alert({ labels: { a: 'same' } })]);
  expect(twins.at(0, { 'x{a="1"}': 7, 'x{a="2"}': 9 })[0]).toMatch(
    /same labelset after applying alert labels/,
  );
  const many = bench([alert()], { limit: 1 });
  expect(many.at(0, { 'x{a="1"}': 7, 'x{a="2"}': 9 })[0]).toBe('exceeded limit of 1 with 2 alerts');
});

it('evaluates in the past by query_offset, and writes there', () => {
  const { at, written } = bench([{ kind: 'record', name: 'y', expr: 'x', labels: {} }], {
    queryOffsetMs: MINUTE,
  });
  at(1, { x: 1 });
  at(2, { x: 2 });
  expect(written).toEqual(['1 y 1']);
});

it('keeps the alerts of a rule that could not be evaluated', () => {
  const { at } = bench([alert({ expr: 'x > on () y' })]);
  expect(at(0, { x: 9, 'y{a="1"}': 5 })).toEqual(['firing']);
  expect(at(1, { x: 9, 'y{a="1"}': 5, 'y{a="2"}': 5 })[0]).toMatch(/found duplicate series/);
  expect(at(2, { x: 1, 'y{a="1"}': 5 })[0]).toMatch(/found duplicate series/);
});

it('takes a scalar for one element without labels', () => {
  const { at, group } = bench([alert({ expr: '1' })]);
  expect(at(0, {})).toEqual(['firing']);
  expect(group.rules()[0]!.alerts[0]!.labels.toString()).toBe('{alertname="High"}');
});
