/** What the short forms' expressions yield over series that change as the forms' users fear. */
import { loadConfig } from '../../../../src/config/load';
import type { AlertRule } from '../../../../src/domain/rule-group';
import { LabelSet } from '../../../../src/promql/label-set';
import { parseExpr } from '../../../../src/promql/parse';
import { Preparer } from '../../../../src/promql/prepare';
import { MemorySource } from '../../../../src/promql/source';

const MINUTE = 60_000;
const HOUR = 60;
const DAY = 24 * HOUR;
const DB = { instance_id: 'db-1', environment: 'prod' };

/** A sample a minute, from `from` on; null where there is none. */
type Values = (minute: number) => number | null;

class World {
  private readonly source = new MemorySource();

  series(labels: Readonly<Record<string, string>>, minutes: number, values: Values): this {
    const { samples } = this.source.series(LabelSet.of({ ...DB, ...labels }));
    for (let minute = 0; minute <= minutes; minute++) {
      const value = values(minute);
      if (value !== null) samples.add(minute * MINUTE, value);
    }
    return this;
  }

  m(minutes: number, values: Values): this {
    return this.series({ __name__: 'm' }, minutes, values);
  }

  /** The alerts' labels that the rule's severities yield at a minute. */
  yields(rule: string, minute: number): (readonly [string, Readonly<Record<string, string>>])[] {
    return rulesOf(rule).flatMap(({ expr, labels: { severity } }) => {
      const time = minute * MINUTE;
      const value = new Preparer({ source: this.source })
        .prepare(parseExpr(expr))
        .evaluate({ time, start: time, end: time });
      if (value.type !== 'vector') throw new Error(`${expr} is a ${value.type}`);
      return value.vector.labels.map((labels) => [severity!, labels.toLabels()] as const);
    });
  }

  severities(rule: string, minute: number): string[] {
    return this.yields(rule, minute).map(([severity]) => severity);
  }

  fires(rule: string, minute: number): boolean {
    return this.yields(rule, minute).length > 0;
  }
}

const world = () => new World();
const rulesOf = (rule: string): AlertRule[] =>
  loadConfig(
    {
      text: `rules: [{ name: A, metric: a, threshold: 1 }, { name: B, metric: b, threshold: 1 }, { name: R, ${rule} }]`,
      path: null,
    },
    {},
  ).ruleGroups[0]!.rules.filter(({ name }) => name === 'R') as AlertRule[];

describe('a threshold', () => {
  it('holds for the samples beyond it, and for a mean beyond it', () => {
    const spike = world().m(60, (minute) => (minute === 60 ? 100 : 50));
    expect(spike.fires('metric: m, threshold: 90', 60)).toBe(true);
    expect(spike.fires('metric: m, threshold: 90', 59)).toBe(false);
    expect(spike.fires('metric: m, threshold: 90, window: 10m', 60)).toBe(false);
    expect(
      world()
        .m(60, () => 95)
        .fires('metric: m, threshold: 90, window: 10m', 60),
    ).toBe(true);
  });

  it('yields both severities beyond the critical one', () => {
    const rule = 'metric: m, threshold_warning: 70, threshold_critical: 90';
    expect(
      world()
        .m(5, () => 95)
        .severities(rule, 5),
    ).toEqual(['critical', 'warning']);
    expect(
      world()
        .m(5, () => 75)
        .severities(rule, 5),
    ).toEqual(['warning']);
  });
});

describe('a forecast', () => {
  const rule = 'metric: m, threshold: 90, prediction_window: 6h';

  it('fires before the limit is reached', () => {
    // Grows by 6 an hour from 40: at 52 after two hours, at 88 after eight.
    const growing = world().m(180, (minute) => 40 + minute / 10);
    expect(growing.fires(rule, 120)).toBe(false);
    expect(growing.fires(rule, 160)).toBe(true);
  });

  it('is quiet while the metric stays or falls', () => {
    expect(
      world()
        .m(180, () => 80)
        .fires(rule, 180),
    ).toBe(false);
    expect(
      world()
        .m(180, (minute) => 89 - minute / 10)
        .fires(rule, 180),
    ).toBe(false);
  });
});

describe('a rate of change', () => {
  it("tells a gauge's slope by the minute", () => {
    const rule = 'metric: m, threshold: 5, rate_of_change: { per: 1m }';
    expect(
      world()
        .m(30, (minute) => 6 * minute)
        .fires(rule, 30),
    ).toBe(true);
    expect(
      world()
        .m(30, (minute) => 4 * minute)
        .fires(rule, 30),
    ).toBe(false);
    expect(
      world()
        .m(30, (minute) => -6 * minute)
        .fires(rule, 30),
    ).toBe(false);
  });

  it("takes a counter's new beginning for no fall and no rise", () => {
    const restarted: Values = (minute) => (minute < 28 ? 1_000 + 4 * minute : 4 * (minute - 27));
    const rule = 'metric: m, threshold: 5, rate_of_change: { per: 1m, counter: true }';
    expect(world().m(30, restarted).fires(rule, 30)).toBe(false);
    expect(
      world()
        .m(30, (minute) => 6 * minute)
        .fires(rule, 30),
    ).toBe(true);
  });

  it('in percent, compares with the value one window ago', () => {
    const rule = 'metric: m, threshold: 50%, rate_of_change: { percent: true, window: 1h }';
    expect(
      world()
        .m(61, (minute) => (minute > 60 ? 16 : 10))
        .fires(rule, 61),
    ).toBe(true);
    expect(
      world()
        .m(61, (minute) => (minute > 60 ? 14 : 10))
        .fires(rule, 61),
    ).toBe(false);
    expect(
      world()
        .m(61, (minute) => (minute > 60 ? 14 : 0))
        .fires(rule, 61),
    ).toBe(false);
    // Of a negative value too, more is more.
    expect(
      world()
        .m(61, (minute) => (minute > 60 ? -4 : -10))
        .fires(rule, 61),
    ).toBe(true);
  });
});

/** Strays by 2 about 50. */
const noisy: Values = (minute) => 50 + 2 * Math.sin(minute * 2.1);

describe('an anomaly', () => {
  const jump =
    (to: number): Values =>
    (minute) =>
      minute === 70 ? to : noisy(minute);

  it.each(['zscore', 'mad'])('by %s is what lies far from the rest', (method) => {
    const rule = `metric: m, anomaly: { method: ${method} }`;
    expect(world().m(70, jump(75)).fires(rule, 70)).toBe(true);
    expect(world().m(70, jump(25)).fires(rule, 70)).toBe(true);
    expect(world().m(70, noisy).fires(rule, 70)).toBe(false);
    expect(
      world().m(70, jump(25)).fires(`metric: m, anomaly: { method: ${method}, direction: above }`, 70),
    ).toBe(false);
    expect(
      world().m(70, jump(25)).fires(`metric: m, anomaly: { method: ${method}, direction: below }`, 70),
    ).toBe(true);
  });

  it.each(['zscore', 'mad'])('by %s is nothing in a series that never strays', (method) => {
    for (const constant of [0, 0.1, 1e9 / 3])
      expect(
        world()
          .m(70, () => constant)
          .fires(`metric: m, anomaly: { method: ${method} }`, 70),
      ).toBe(false);
  });

  it('by mad is still seen beside others, which hide it from zscore', () => {
    const crowd: Values = (minute) => (minute > 55 ? 80 : noisy(minute));
    expect(world().m(70, crowd).fires('metric: m, anomaly: { method: mad }', 70)).toBe(true);
    expect(world().m(70, crowd).fires('metric: m, anomaly: {}', 70)).toBe(false);
  });

  describe('by season', () => {
    const rule = 'metric: m, anomaly: { method: seasonal, season: 1d, seasons: 3 }';
    /** Busy in the second half of each day. */
    const daily: Values = (minute) => noisy(minute)! + (minute % DAY > DAY / 2 ? 100 : 0);
    const noon = 3 * DAY + 18 * HOUR;

    it('is what this time of the day has not been before', () => {
      expect(world().m(noon, daily).fires(rule, noon)).toBe(false);
      const quiet: Values = (minute) => (minute > noon - 30 ? noisy(minute) : daily(minute));
      expect(world().m(noon, quiet).fires(rule, noon)).toBe(true);
    });

    it('is nothing before all seasons have been', () => {
      const early = 2 * DAY;
      expect(
        world()
          .m(early, (minute) => (minute > early - 30 ? 500 : 50))
          .fires(rule, early),
      ).toBe(false);
    });
  });
});

describe('absence', () => {
  const rule = 'metric: m, absent_for: 5m';
  const until =
    (last: number): Values =>
    (minute) =>
      minute <= last ? 1 : null;

  it('is of each series that was there and is no more', () => {
    const one = world()
      .series({ __name__: 'm', disk: 'a' }, 60, () => 1)
      .series({ __name__: 'm', disk: 'b' }, 60, until(50));
    expect(one.fires(rule, 54)).toBe(false);
    expect(one.yields(rule, 55)).toEqual([['warning', { ...DB, __name__: 'm', disk: 'b' }]]);
  });

  it('ends when the series is back, and is not of what never was', () => {
    const back = world().m(60, (minute) => (minute < 40 || minute === 60 ? 1 : null));
    expect(back.fires(rule, 59)).toBe(true);
    expect(back.fires(rule, 60)).toBe(false);
    expect(world().fires(rule, 60)).toBe(false);
  });

  it('is forgotten by the expression after the look-back, which no_data: alert is for', () => {
    const gone = world().m(200, until(50));
    expect(gone.fires(rule, 109)).toBe(true);
    expect(gone.fires(rule, 110)).toBe(false);
    expect(rulesOf(rule)[0]!.noData).toBe('alert');
  });
});

describe('a composite', () => {
  const firing = (to: World, alertname: string, more: Readonly<Record<string, string>> = {}) =>
    to.series({ __name__: 'ALERTS', alertname, alertstate: 'firing', ...more }, 1, () => 1);

  it('of all is one alert of the instance, whatever the severities', () => {
    const both = firing(firing(firing(world(), 'A', { severity: 'high' }), 'A', { severity: 'low' }), 'B');
    expect(both.yields('all_of: [A, B]', 1)).toEqual([['warning', DB]]);
    expect(firing(world(), 'A').fires('all_of: [A, B]', 1)).toBe(false);
  });

  it('joins alerts of the same instance only, and none that is pending', () => {
    const apart = firing(firing(world(), 'A'), 'B', { instance_id: 'db-2' });
    expect(apart.fires('all_of: [A, B]', 1)).toBe(false);
    const pending = firing(world(), 'A').series(
      { __name__: 'ALERTS', alertname: 'B', alertstate: 'pending' },
      1,
      () => 1,
    );
    expect(pending.fires('all_of: [A, B]', 1)).toBe(false);
  });

  it('of any is one alert of the instance too', () => {
    expect(firing(firing(world(), 'A'), 'B').yields('any_of: [A, B]', 1)).toEqual([['warning', DB]]);
    expect(firing(world(), 'C').fires('any_of: [A, B]', 1)).toBe(false);
  });
});

describe('a burn rate', () => {
  const rule = 'burn_rate: { errors: e_total, total: t_total, objective: 99.9% }';
  /** 1,000 requests a minute, of which `errors` fail in the last minutes. */
  const service = (errors: number, lasting: number, ended = 0): World =>
    world()
      .series({ __name__: 't_total' }, 400, (minute) => 1_000 * minute)
      .series({ __name__: 'e_total' }, 400, (minute) => {
        const failing = Math.min(minute, 400 - ended) - (400 - lasting);
        return failing > 0 ? errors * failing : 0;
      });

  it('pages when the budget of days goes in hours', () => {
    expect(service(100, 30).severities(rule, 400)).toContain('critical');
  });

  it('is quiet at less than the objective allows, and about a moment', () => {
    expect(service(0.5, 400).severities(rule, 400)).toEqual([]);
    expect(service(100, 1).severities(rule, 400)).not.toContain('critical');
  });

  it('ends soon after the errors do', () => {
    expect(service(100, 60, 35).severities(rule, 400)).not.toContain('critical');
  });

  it('is quiet without requests', () => {
    const idle = world()
      .series({ __name__: 't_total' }, 400, () => 5)
      .series({ __name__: 'e_total' }, 400, () => 0);
    expect(idle.severities(rule, 400)).toEqual([]);
  });
});
