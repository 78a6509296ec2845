/** A rule's cool-down from the file to the alert's life: its own, none, or the default, decided in one place. */
import { loadConfig } from '../../../src/config/load';
import type { Transition } from '../../../src/domain/transition';
import { decodeTransition, encodeTransition } from '../../../src/stream/transition-message';
import { policiesOf } from '../../../workers/policies';
import { alertsIn } from '../../builders/rules';
import { createEvaluator, sample, told } from '../evaluate/sketches';

const MINUTE = 60_000;

function configured(rule: string, file = '') {
  const text = `${file}\nrules: [{ name: R, metric: connections_used_percent, threshold: 90${rule} }]`;
  return loadConfig({ text, path: null }, {});
}

/** How long the life of the rule's alert is quiet after a resolve by hand; the transition goes through its wire form. */
function quietMs(rule: string, file = ''): number {
  const config = configured(rule, file);
  const [fired] = createEvaluator({ rules: alertsIn(config) }).offer(sample(10, 95));
  return policiesOf(config)(overTheWire(fired!)).cooldownMs;
}

function overTheWire(transition: Transition): Transition {
  const decoded = decodeTransition(encodeTransition(transition));
  if (!decoded.ok) throw new Error(decoded.problems.join());
  return decoded.value;
}

describe("an alert's life", () => {
  it.each([
    ['of a rule that says nothing takes the default', '', '', 5 * MINUTE],
    ['of a rule that says nothing takes the one of the file', '', 'cooldown: 20s', 20_000],
    ['of a rule with its own takes that', ', cooldown_minutes: 15', 'cooldown: 20s', 15 * MINUTE],
    ['of a rule with none has none', ', cooldown_minutes: 0', '', 0],
    ['of a rule with none, written as a duration, has none', ', cooldown: 0s', '', 0],
  ])('%s', (_, rule, file, expected) => {
    expect(quietMs(rule, file)).toBe(expected);
  });
});

describe('after its condition has ended, an alert', () => {
  const story = [
    [10, 95],
    [20, 50],
    [30, 96],
    [400, 97],
  ] as const;
  const fires = (rule: string) =>
    told(createEvaluator({ rules: alertsIn(configured(rule)) }), story)
      .filter(([kind]) => kind === 'firing')
      .map(([, second]) => second);

  it.each([
    ['whose rule says nothing', ''],
    ['whose rule wants no cool-down', ', cooldown_minutes: 0'],
  ])('%s fires again at once', (_, rule) => {
    expect(fires(rule)).toEqual([10, 30]);
  });

  it('whose rule has a cool-down is quiet for it, and fires when the breach outlasts it', () => {
    expect(fires(', cooldown_minutes: 5')).toEqual([10, 400]);
  });
});
