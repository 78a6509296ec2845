/** A branch is taken for what is not zero, not empty and not nil; `with` also sets the dot. */
import { stringMap } from '../../../src/template/value/values';
import { render } from './render';

const DATA = {
  zero: 0n,
  int: 42n,
  zeroFloat: 0,
  empty: '',
  text: 'hi',
  none: null,
  no: false,
  yes: true,
  emptyList: [],
  list: [0n],
  emptyMap: stringMap({}),
  map: { k: 'v' },
  notANumber: NaN,
};

it.each([
  ['zero', false],
  ['int', true],
  ['zeroFloat', false],
  ['notANumber', true],
  ['empty', false],
  ['text', true],
  ['none', false],
  ['missing', false],
  ['no', false],
  ['yes', true],
  ['emptyList', false],
  ['list', true],
  ['emptyMap', false],
  ['map', true],
])('.%s counts as %s', (name, truth) => {
  const text = `{{if .${name}}}true{{else}}false{{end}} {{with .${name}}}true{{else}}false{{end}} {{not .${name}}}`;
  expect(render(text, DATA)).toBe(`${truth} ${truth} ${!truth}`);
});

it.each([
  ['{{if .zero}}a{{else if .text}}b{{else}}c{{end}}', 'b'],
  ['{{if .zero}}a{{else if .none}}b{{else}}c{{end}}', 'c'],
  ['{{with .text}}{{.}}{{end}}', 'hi'],
  ['{{with .zero}}x{{else with .int}}{{.}}{{end}}', '42'],
  ['{{with .zero}}x{{else with .none}}{{.}}{{else}}{{.int}}{{end}}', '42'],
  ['{{with .map}}{{.k}}{{$.int}}{{end}}', 'v42'],
])('%s', (text, expected) => {
  expect(render(text, DATA)).toBe(expected);
});
