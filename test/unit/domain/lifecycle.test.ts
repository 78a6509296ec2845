/** The lifecycle: every move of the table, every refusal, and that no path leaves the table. */
import fc from 'fast-check';
import { TocsinError } from '../../../src/domain/errors';
import {
  ALERT_STATES,
  move,
  refusal,
  shownState,
  type AlertState,
  type LifecycleEvent,
} from '../../../src/domain/lifecycle';

const EVENTS: readonly LifecycleEvent[] = ['fire', 'acknowledge', 'unacknowledge', 'lapse', 'resolve'];

const MOVES = [
  'FIRING + acknowledge => ACKNOWLEDGED',
  'FIRING + resolve => RESOLVED',
  'ACKNOWLEDGED + acknowledge => ACKNOWLEDGED',
  'ACKNOWLEDGED + unacknowledge => FIRING',
  'ACKNOWLEDGED + lapse => FIRING',
  'ACKNOWLEDGED + resolve => RESOLVED',
  'RESOLVED + fire => FIRING',
];

function parse(text: string): [AlertState, LifecycleEvent, AlertState] {
  const [from, , event, , to] = text.split(' ');
  return [from as AlertState, event as LifecycleEvent, to as AlertState];
}

test.each(MOVES)('%s', (text) => {
  const [from, event, to] = parse(text);
  expect(move(from, event)).toBe(to);
  expect(refusal(from, event)).toBeNull();
});

const refused = ALERT_STATES.flatMap((state) =>
  EVENTS.filter((event) => !MOVES.some((text) => text.startsWith(`${state} + ${event} =>`))).map(
    (event) => [state, event] as const,
  ),
);

test.each(refused)('%s refuses %s and says why', (state, event) => {
  expect(refusal(state, event)).toBe(`cannot ${event} an alert that is ${state}`);
  expect(() => move(state, event)).toThrow(
    expect.objectContaining({ code: 'TOC_ILLEGAL_MOVE', message: refusal(state, event) }),
  );
});

test('the table names seven moves and refuses the other eight', () => {
  expect(MOVES.length + refused.length).toBe(ALERT_STATES.length * EVENTS.length);
});

test('whatever is asked in whatever order, the state is one of the table and a refused event changes nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 50 }), (events) => {
      let state: AlertState = 'FIRING';
      for (const event of events) {
        const words = refusal(state, event);
        const before: AlertState = state;
        try {
          state = move(state, event);
          expect(words).toBeNull();
        } catch (error) {
          expect(error).toBeInstanceOf(TocsinError);
          expect(words).not.toBeNull();
          expect(state).toBe(before);
        }
        expect(ALERT_STATES).toContain(state);
      }
    }),
  );
});

describe('what people are shown', () => {
  test.each([
    ['FIRING', true, 'SILENCED'],
    ['FIRING', false, 'FIRING'],
    ['ACKNOWLEDGED', true, 'ACKNOWLEDGED'],
    ['ACKNOWLEDGED', false, 'ACKNOWLEDGED'],
    ['RESOLVED', true, 'RESOLVED'],
    ['RESOLVED', false, 'RESOLVED'],
  ] as const)('%s, silenced %s => %s', (state, silenced, shown) => {
    expect(shownState(state, silenced)).toBe(shown);
  });
});
