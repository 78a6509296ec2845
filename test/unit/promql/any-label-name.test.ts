/** A label may have any name, those too that every object of JavaScript knows. */
import { LabelSet } from '../../../src/promql/label-set';
import { parseExpr } from '../../../src/promql/parse';
import { Preparer } from '../../../src/promql/prepare';
import { MemorySource } from '../../../src/promql/source';

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

const source = new MemorySource();
for (const [i, name] of NAMES.entries())
  source
    .series(
      LabelSet.fromEntries([
        ['__name__', 'm'],
        ['i', String(i)],
        [name, 'x'],
      ]),
    )
    .samples.add(0, i);
source.series(LabelSet.of({ __name__: 'm', i: 'plain' })).samples.add(0, 9);

function resultOf(expr: string): string[] {
  const value = new Preparer({ source }).prepare(parseExpr(expr)).evaluate({ time: 0, start: 0, end: 0 });
  if (value.type !== 'vector') throw new Error(value.type);
  return value.vector.labels.map((labels, i) => `${labels.toString()} ${value.vector.values[i]}`).sort();
}

describe.each(NAMES.map((name, i) => [name, i] as const))('%s', (name, i) => {
  test('in matchers', () => {
    expect(resultOf(`m{${name}="x"}`)).toEqual([expect.stringContaining(`${name}="x"`)]);
    expect(resultOf(`m{${name}=~".+"}`)).toHaveLength(1);
    expect(resultOf(`m{${name}=""}`)).toHaveLength(NAMES.length);
    expect(resultOf(`m{${name}!="x"}`)).toHaveLength(NAMES.length);
    expect(resultOf(`m{${name}!~".+"}`)).toHaveLength(NAMES.length);
    expect(resultOf(`{${name}!=""}`)).toHaveLength(1);
  });

  test('in grouping', () => {
    expect(resultOf(`count by (${name}) (m)`)).toEqual([`{${name}="x"} 1`, `{} ${NAMES.length}`].sort());
    expect(resultOf(`count without (${name}, i) (m{i="${i}"})`)).toEqual(['{} 1']);
    expect(resultOf(`count_values("${name}", m{i="plain"})`)).toEqual([`{${name}="9"} 1`]);
  });

  test('in matching', () => {
    expect(resultOf(`m * on (${name}) group_left () m{${name}="x"}`)).toEqual([
      `${LabelSet.fromEntries([
        ['i', String(i)],
        [name, 'x'],
      ]).toString()} ${i * i}`,
    ]);
    expect(resultOf(`m{i="plain"} + on () group_left (${name}) m{${name}="x"}`)).toEqual([
      `${LabelSet.fromEntries([
        ['i', 'plain'],
        [name, 'x'],
      ]).toString()} ${9 + i}`,
    ]);
  });

  test('in label functions', () => {
    expect(resultOf(`sum by (y) (label_replace(m{i="${i}"}, "y", "$1", "${name}", "(.*)"))`)).toEqual([
      `{y="x"} ${i}`,
    ]);
    expect(resultOf(`sum by (${name}) (label_join(m{i="plain"}, "${name}", "-", "i", "${name}"))`)).toEqual([
      `{${name}="plain-"} 9`,
    ]);
    expect(resultOf(`absent(nothing{${name}="x"})`)).toEqual([`{${name}="x"} 1`]);
  });
});

test('no other object has gained a property', () => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});
