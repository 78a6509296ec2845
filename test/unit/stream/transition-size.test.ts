/** What is too long for readers is cut where people see it; what the alert is stays as it is. */
import { validBytes, decodeTransition, encodeTransition } from '../../../src/stream/transition-message';
import { MAX_TRANSITION_BYTES, shortened } from '../../../src/stream/transition-size';
import type { Transition } from '../../../src/domain/transition';
import { transition } from '../../builders/alerts';

const bytesOf = (of: Transition): number => Buffer.byteLength(JSON.stringify(of));
const withTexts = (annotations: Transition['annotations'], more: Partial<Transition> = {}): Transition =>
  transition({ more: { annotations, ...more } });

test('what fits is left as it is', () => {
  const short = withTexts({ summary: 'x'.repeat(300_000) });
  expect(shortened(short, MAX_TRANSITION_BYTES).transition).toBe(short);
});

test.each([
  ['one long text', { summary: 'short', description: 'x'.repeat(600_000) }, 'short'],
  ['one of six bytes a character', { description: '\u0001'.repeat(300_000) }, undefined],
  [
    'many texts',
    Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`a${i}`, 'x'.repeat(2_000)])),
    undefined,
  ],
])('%s is cut, with a mark, and readers take it', (_, annotations, summary) => {
  const long = withTexts(annotations);
  expect(() => encodeTransition(long)).toThrow('is longer than 524288 bytes');
  const { annotations: cut, ...rest } = shortened(long, MAX_TRANSITION_BYTES).transition;
  const { annotations: whole, ...same } = long;
  expect(rest).toEqual(same);
  expect(decodeTransition(encodeTransition({ ...rest, annotations: cut }))).toMatchObject({ ok: true });
  expect(cut.summary).toBe(summary);
  expect(Object.keys(cut)).toEqual(Object.keys(whole));
  for (const text of Object.values(cut))
    expect(text === summary || text.endsWith('x… (cut)') || text.endsWith('\u0001… (cut)')).toBe(true);
});

test('a character of two halves is not cut between them', () => {
  const { transition: cut } = shortened(
    withTexts({ summary: '😀'.repeat(100_000), odd: `-${'😀'.repeat(100_000)}` }),
    100_000,
  );
  for (const text of Object.values(cut.annotations)) expect(text.isWellFormed()).toBe(true);
});

test('then the points are left out, then all annotations, then the condition; never a label', () => {
  const blob = 'x'.repeat(6_000);
  const condition = { ...transition().condition!, series: { blob } };
  const annotations = { summary: 'x'.repeat(200), description: 'x'.repeat(200) };
  const long = withTexts(annotations, { labels: { blob }, condition, recent: Array(60).fill([1e12, 1]) });
  const shapes: unknown[] = [];
  for (let of = long, next = long; ; of = next) {
    const { recent, annotations: texts, condition: compared, labels } = of;
    shapes.push([recent.length, Object.keys(texts).join(), compared !== undefined]);
    expect(labels.blob).toBe(blob);
    next = shortened(of, bytesOf(of) - 1).transition;
    if (next.condition === undefined && of.condition === undefined) break;
  }
  expect(shapes).toEqual([
    [60, 'summary,description', true],
    [0, 'summary,description', true],
    [0, 'cut', true],
    [0, 'cut', false],
  ]);
});

test('labels that are too long alone are no transition that anybody would take', () => {
  const long = transition({ labels: { blob: 'x'.repeat(600_000) } });
  const { transition: shortest } = shortened(long, MAX_TRANSITION_BYTES);
  expect(bytesOf(shortest)).toBeGreaterThan(MAX_TRANSITION_BYTES);
  expect(() => encodeTransition(shortest)).toThrow(expect.objectContaining({ code: 'TOC_MESSAGE_INVALID' }));
});

test('what fits is written once on its way to Kafka', () => {
  const short = withTexts({ summary: 'x' });
  const expected = encodeTransition(short);
  const writing = jest.spyOn(JSON, 'stringify');
  try {
    const bytes = validBytes(shortened(short, MAX_TRANSITION_BYTES));
    expect(writing.mock.calls.length).toBe(1);
    expect(bytes.equals(expected)).toBe(true);
  } finally {
    writing.mockRestore();
  }
});
