/** What a key is that a map does not have is an option; Prometheus has its maps of texts answer the empty one. */
import { stringMap } from '../../../src/template/value/values';
import type { MissingKey } from '../../../src/template/template';
import { problem } from './render';

const DATA = { labels: stringMap({ a: 'b' }), any: { nil: null } };

const AT = (place: string, node: string) => `template: test:1:${place}: executing "test" at <${node}>: `;

it.each<[string, Record<MissingKey, string>]>([
  [
    '{{.labels.nope}}',
    { default: '<no value>', zero: '', error: `${AT('9', '.labels.nope')}map has no entry for key "nope"` },
  ],
  [
    '{{.any.nope}}',
    {
      default: '<no value>',
      zero: '<no value>',
      error: `${AT('6', '.any.nope')}map has no entry for key "nope"`,
    },
  ],
  [
    '{{.any.nope.more}}',
    {
      default: '<no value>',
      zero: `${AT('6', '.any.nope.more')}nil pointer evaluating interface {}.more`,
      error: `${AT('6', '.any.nope.more')}map has no entry for key "nope"`,
    },
  ],
  [
    '{{.any.nil.more}}',
    {
      default: `${AT('6', '.any.nil.more')}nil pointer evaluating interface {}.more`,
      zero: `${AT('6', '.any.nil.more')}nil pointer evaluating interface {}.more`,
      error: `${AT('6', '.any.nil.more')}nil pointer evaluating interface {}.more`,
    },
  ],
  ['{{index .labels "nope"}}', { default: '', zero: '', error: '' }],
])('%s', (text, expected) => {
  for (const missingKey of ['default', 'zero', 'error'] as const) {
    expect(problem(text, DATA, { missingKey }).replace(/^no problem: /, '')).toBe(expected[missingKey]);
  }
});

it('of no data at all everything is missing', () => {
  expect(problem('{{.Foo.Bar}}')).toBe('no problem: <no value>');
  expect(problem('{{.Foo}}', null, { missingKey: 'error' })).toBe(
    'template: test:1:2: executing "test" at <.Foo>: nil data; no entry for key "Foo"',
  );
});
