/** What goes wrong with the data says where, in bytes of the line, and at what. */
import { compileTemplate, TemplateError } from '../../../src/template/template';
import { stringMap } from '../../../src/template/value/values';
import { problem } from './render';

const DATA = { s: 'text', i: 42n, m: stringMap({ a: 'b' }), list: [{ q: 1n }] };

it.each([
  ['{{.s.x}}', '4', '.s.x', "can't evaluate field x in type interface {}"],
  ['{{$x := .s}}{{$x.y}}', '16', '$x.y', "can't evaluate field y in type string"],
  ['{{(index .list 0).q.z}}', '15', '0', "can't evaluate field z in type interface {}"],
  ['{{.i 2}}', '2', '.i', 'i is not a method but has arguments'],
  ['{{1 2}}', '2', '1', "can't give argument to non-function 1"],
  ['{{1 | .i}}', '6', '.i', 'i is not a method but has arguments'],
  ['{{nil}}', '2', 'nil', 'nil is not a command'],
  ['{{len}}', '2', 'len', 'wrong number of args for len: want 1 got 0'],
  ['{{1 | len 2}}', '6', 'len', 'wrong number of args for len: want 1 got 2'],
  ['{{eq}}', '2', 'eq', 'wrong number of args for eq: want at least 1 got 0'],
  ['{{printf 1}}', '9', '1', 'expected string; found 1'],
  ['{{printf .i}}', '9', '.i', 'wrong type for value; expected string; got int'],
  ['{{printf .nope}}', '9', '.nope', 'invalid value; expected string'],
  ['{{printf nil}}', '9', 'nil', 'cannot assign nil to string'],
  ['{{len 3 | print}}', '2', 'len 3', 'error calling len: len of type int'],
  ['{{call .s}}', '2', 'call .s', 'error calling call: a value of type string is no function'],
  ['日本 {{.s.x}}', '11', '.s.x', "can't evaluate field x in type interface {}"],
])('%s', (text, column, node, message) => {
  expect(problem(text, DATA)).toBe(`template: test:1:${column}: executing "test" at <${node}>: ${message}`);
});

it('an error carries the name, the line, the column and its cause', () => {
  const cause = new Error('away');
  const functions = {
    fails: {
      parameters: [],
      call: () => {
        throw cause;
      },
    },
  };
  const template = compileTemplate('\n x {{fails}}', { name: 'test', functions });
  const run = () => template.execute(undefined);
  expect(run).toThrow(TemplateError);
  expect(run).toThrow(
    expect.objectContaining({
      template: 'test',
      line: 2,
      column: 5,
      cause,
      message: 'template: test:2:5: executing "test" at <fails>: error calling fails: away',
    }),
  );
});
