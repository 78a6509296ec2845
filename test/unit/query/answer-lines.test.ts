/** A question and an answer arrive as they were sent; what is neither is refused with its reason. */
import fc from 'fast-check';
import type { Matcher } from '../../../src/domain/matchers';
import {
  createAnswerReader,
  endLine,
  headLine,
  MAX_QUESTION_LENGTH,
  parseQuestion,
  pieceLine,
  questionText,
} from '../../../src/query/answer-lines';
import type { AnswerHead, Piece } from '../../../src/query/port';
import { busyMs } from '../../harness/busy-ms';

const parse = (text: string) => parseQuestion(new URLSearchParams(text));
const matchers = (text: string): string => `since=0&matchers=${encodeURIComponent(text)}`;

const HEAD: AnswerHead = {
  ...{ id: 'p-1', instance: '', pool: 'default', plannedSlots: [3] },
  partitions: [
    { number: 0, reached: 1_000 },
    { number: 1, reached: null },
  ],
  slots: [{ number: 3, reached: 900 }],
  coverage: { partitionsMs: 1, slotsMs: null, madeInPartitions: true, madeInSlots: false, asked: ['m'] },
  lacks: ['the rule g/R cannot be evaluated: many'],
};

const takeAll = (lines: readonly string[]) => {
  const reader = createAnswerReader();
  lines.forEach((line) => reader.take(line));
  return reader.answer();
};

describe('a question', () => {
  const matcher: fc.Arbitrary<Matcher> = fc.record({
    name: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
    op: fc.constantFrom('=' as const, '!=' as const),
    value: fc.string({ maxLength: 20, unit: 'grapheme' }),
  });

  it('arrives as it was asked', () => {
    fc.assert(
      fc.property(
        fc.array(matcher, { minLength: 1, maxLength: 5 }),
        fc.double({ min: -1e15, max: 1e15, noNaN: true }).map(Math.trunc),
        (asked, sinceMs) => {
          const question = { matchers: asked, sinceMs: sinceMs + 0 };
          expect(parse(questionText(question))).toEqual(question);
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  it.each([
    ['', 'since'],
    ['since=yesterday&matchers=[]', 'since'],
    ['since=0', 'matchers'],
    [matchers('up'), 'matchers'],
    [matchers('[]'), 'matchers'],
    [matchers('[{"name":"a","op":"==","value":"b"}]'), 'matchers'],
    [matchers('[{"name":"a","op":"=~","value":"("}]'), 'not a regular expression'],
    [matchers(JSON.stringify(Array(101).fill({ name: 'a', op: '=', value: 'b' }))), 'matchers'],
  ])('that is none is refused: %s', (text, reason) => {
    expect(() => parse(text)).toThrow(reason);
  });

  it.each(['(?:.?.?){500}'.repeat(10), '(?:(?:.?.?){30}){30}'.repeat(3), `${'.?'.repeat(5_000)}`])(
    'whose regular expression would hold the process up is refused before it is matched: %#',
    (value) => {
      const before = busyMs();
      expect(() => parse(matchers(JSON.stringify([{ name: 'a', op: '!~', value }])))).toThrow('too long');
      expect(busyMs() - before).toBeLessThan(1_000);
    },
  );

  it('may list many hosts', () => {
    const value = Array.from({ length: 200 }, (_, i) => `prod-db-${i}.example.com`).join('|');
    expect(parse(questionText({ matchers: [{ name: 'a', op: '=~', value }], sinceMs: 0 }))).toMatchObject({
      matchers: [{ value }],
    });
  });

  it('that no server would take is refused where it is asked', () => {
    const value = 'x'.repeat(MAX_QUESTION_LENGTH);
    expect(() => questionText({ matchers: [{ name: 'a', op: '=', value }], sinceMs: 0 })).toThrow(
      'shorten its matchers',
    );
  });
});

describe('an answer', () => {
  const piece: Piece = {
    labels: { __name__: 'm', constructor: 'x' },
    times: [1, 2.5, 3, 4, 5],
    values: [0.1, 'NaN', '+Inf', '-Inf', 'stale'],
  };

  it('arrives as it was given', () => {
    expect(takeAll([headLine(HEAD), pieceLine(piece), endLine(1)])).toEqual({ head: HEAD, pieces: [piece] });
  });

  it('may say more than this version knows', () => {
    const more = JSON.stringify({ ...(JSON.parse(headLine(HEAD)) as object), later: 1 });
    expect(takeAll([more, endLine(0)]).head).toEqual(HEAD);
  });

  it.each<[string, string[], string]>([
    ['nothing', [], 'cut off'],
    ['no end', [headLine(HEAD), pieceLine(piece)], 'cut off'],
    ['too few', [headLine(HEAD), endLine(1)], 'not whole'],
    ['more after the end', [headLine(HEAD), endLine(0), endLine(0)], 'after its end'],
    ['HTML', ['<html>'], 'no JSON'],
    ['health', ['{"status":"alive"}'], 'none of an evaluator'],
    ['another version', [headLine(HEAD).replace('"v":1', '"v":2')], 'another version'],
    ['times without values', [headLine(HEAD), '{"labels":{},"times":[1],"values":[]}'], 'cannot be read'],
    ['values of no kind', [headLine(HEAD), '{"labels":{},"times":[1],"values":["x"]}'], 'cannot be read'],
  ])('that is none is refused: %s', (_, lines, reason) => {
    expect(() => takeAll(lines)).toThrow(reason);
  });
});
