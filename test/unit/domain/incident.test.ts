import { incidentRef, parseIncidentRef } from '../../../src/domain/incident';
import { commonLabels } from '../../../src/domain/labels';

it.each([
  ['INC-7', 7],
  ['inc-12', 12],
  ['7', 7],
  ['INC-', null],
  ['INC-0', null],
  ['0123456789abcdef', null],
  ['-1', null],
])('%s names %s', (text, id) => expect(parseIncidentRef(text)).toBe(id));

it('a reference leads back', () => expect(parseIncidentRef(incidentRef(42))).toBe(42));

it('labels that all have in common', () => {
  expect(commonLabels([{ a: '1', b: '2' }, { a: '1', b: '3' }, { a: '1' }])).toEqual({ a: '1' });
  expect(commonLabels([])).toEqual({});
});
