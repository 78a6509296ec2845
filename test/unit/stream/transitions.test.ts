/** Transitions on the wire, and the view of the open alerts that they make. */
import type { Transition } from '../../../src/domain/transition';
import { createAlertView } from '../../../src/stream/open-alerts';
import { decodeTransition, encodeTransition } from '../../../src/stream/transition-message';
import { createEvaluator, MINUTE, rule, sample, SECOND, T0 } from '../evaluate/sketches';

/** A life of two episodes: firing at 10 and 50, changed at 25, resolved at 40 and 60. */
function life(): Transition[] {
  const evaluator = createEvaluator({ rules: [rule({ runbook: 'r' })] });
  const points = [
    [10, 95],
    [25, 200],
    [40, 50],
    [50, 95],
    [60, 'NaN'],
    [61, 'stale'],
  ] as const;
  return points.flatMap(([at, value]) => evaluator.offer(sample(at, value)));
}
const [fired, changed, resolved, again, ended] = life() as [
  Transition,
  Transition,
  Transition,
  Transition,
  Transition,
];
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('a transition', () => {
  test.each(life().map((each) => [each.kind, each] as const))(
    'that says %s comes back as it was written',
    (_, each) => {
      expect(decodeTransition(encodeTransition(each))).toEqual({ ok: true, value: each });
    },
  );

  test('has no character that its row could not have', () => {
    const labels = {
      ...fired.labels,
      host: 'a\0b',
      half: 'c\ud800',
      whole: '\ud83d\ude00 \\u0000',
      'n\0': '',
    };
    expect(decodeTransition(bytes({ ...fired, labels }))).toEqual({
      ok: true,
      value: {
        ...fired,
        labels: {
          ...fired.labels,
          ...{ host: 'a\ufffdb', half: 'c\ufffd', whole: '\ud83d\ude00 \\u0000', 'n\ufffd': '' },
        },
      },
    });
  });

  test('of a newer writer is read without what is not known', () => {
    expect(decodeTransition(bytes({ ...fired, added_later: 1 }))).toEqual({ ok: true, value: fired });
  });

  test('of an older writer says less of its rule, and one of a newer keeps what it says', () => {
    const of = (more?: object): Transition => ({ ...fired, rule: { ...fired.rule!, ...more } });
    expect(decodeTransition(bytes(of()))).toEqual({ ok: true, value: fired });
    for (const each of [of({ unit: 'MB' }), of({ partition: 0 }), of({ partition: 23 })])
      expect(decodeTransition(encodeTransition(each))).toEqual({ ok: true, value: each });
  });

  test.each([
    ['nothing', null, 'is empty'],
    ['an empty message', Buffer.alloc(0), 'is empty'],
    ['no JSON', Buffer.from('{"version":1'), 'is not JSON'],
    ['a list', bytes([fired]), 'message: '],
    ['another version', bytes({ ...fired, version: 2 }), 'version: '],
    ['another kind', bytes({ ...fired, kind: 'flapping' }), 'kind: '],
    [
      'a fingerprint of another form',
      bytes({ ...fired, fingerprint: 'ABC' }),
      'fingerprint: has to be 16 hex digits',
    ],
    ['a time without a zone', bytes({ ...fired, starts_at: '2026-01-01T00:00:00' }), 'starts_at: '],
    ['a label that is no text', bytes({ ...fired, labels: { a: 1 } }), 'labels.a: '],
    ['too many points', bytes({ ...fired, recent: Array(61).fill([T0, 1]) }), 'recent: '],
    [
      'a wrong condition',
      bytes({ ...fired, condition: { ...fired.condition, operator: '=' } }),
      'condition.operator: ',
    ],
    ['a unit that is no text', bytes({ ...fired, rule: { ...fired.rule, unit: 1 } }), 'rule.unit: '],
    [
      'a partition between two',
      bytes({ ...fired, rule: { ...fired.rule, partition: 1.5 } }),
      'rule.partition: ',
    ],
    ['a recovery at no time', bytes({ ...fired, kept_since: 'yesterday' }), 'kept_since: '],
    ['a pool that is no text', bytes({ ...fired, rule: { ...fired.rule, pool: 1 } }), 'rule.pool: '],
    ['a cool-down below zero', bytes({ ...fired, cooldown_ms: -1 }), 'cooldown_ms: '],
  ])('is not %s', (_, value, problem) => {
    const decoded = decodeTransition(value);
    expect(decoded.ok ? '' : decoded.problems.join('; ')).toContain(problem);
  });

  test('that no reader would take is not written', () => {
    const wrong = { ...fired, value: Infinity };
    expect(() => encodeTransition(wrong)).toThrow(`transition ${fired.transition_id}: value: `);
    expect(() => encodeTransition(wrong)).toThrow(expect.objectContaining({ code: 'TOC_MESSAGE_INVALID' }));
  });
});

describe('the view of open alerts', () => {
  const viewOf = (...transitions: Transition[]) => {
    const view = createAlertView(() => T0);
    transitions.forEach(view.take);
    return view;
  };
  const { fingerprint } = fired;

  test('knows an open alert by its last transition, without the points', () => {
    const view = viewOf(fired, changed);
    expect([...view.open()]).toEqual([
      {
        episode: T0 + 10 * SECOND,
        firing: true,
        eventTime: T0 + 25 * SECOND,
        last: { ...changed, recent: [] },
      },
    ]);
    expect(view.get(fingerprint)).toEqual([...view.open()][0]);
    expect(view.get('0000000000000000')).toBeUndefined();
  });

  test('knows a closed alert by its end, and no more as open', () => {
    const view = viewOf(fired, changed, resolved);
    expect([...view.open()]).toEqual([]);
    expect(view.get(fingerprint)).toMatchObject({ firing: false, eventTime: T0 + 40 * SECOND });
  });

  test('is the same when the topic is read twice, or an old part of it again', () => {
    const whole = viewOf(...life()).get(fingerprint);
    expect(whole).toMatchObject({ episode: T0 + 50 * SECOND, firing: false });
    expect(viewOf(...life(), ...life()).get(fingerprint)).toEqual(whole);
    expect(viewOf(...life(), fired, resolved).get(fingerprint)).toEqual(whole);
    expect(viewOf(fired, changed, resolved, again, fired, resolved).get(fingerprint)).toMatchObject({
      firing: true,
    });
  });

  test('knows an alert whose beginning the topic has forgotten by its repeats, until its end', () => {
    expect([...viewOf(changed).open()]).toMatchObject([{ episode: T0 + 10 * SECOND, firing: true }]);
    expect(viewOf(changed, resolved).get(fingerprint)).toMatchObject({ firing: false });
    expect(viewOf(ended, changed).get(fingerprint)).toMatchObject({ firing: false });
  });

  test('forgets closed alerts after seven days, and open ones never', () => {
    let now = T0;
    const view = createAlertView(() => now);
    const other = createEvaluator({ rules: [rule()] }).offer(sample(0, 95, { instance_id: 'open' }))[0]!;
    [...life(), other].forEach(view.take);
    const week = 7 * 24 * 60 * MINUTE;
    now = T0 + 61 * SECOND + week;
    view.forgetOld();
    expect(view.get(fingerprint)).toBeDefined();
    now += 1;
    view.forgetOld();
    expect(view.get(fingerprint)).toBeUndefined();
    expect([...view.open()]).toHaveLength(1);
  });
});
