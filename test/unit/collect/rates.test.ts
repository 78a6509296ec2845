/** Rates and increases of counters, and what becomes of values that are none. */
import { createRates } from '../../../src/collect/rates';
import { sample, samplesOf } from '../../../src/collect/samples';

describe('rates', () => {
  it('none at first, then the increase a second', () => {
    const rates = createRates();
    expect(rates.perSecond('a', 100, 1_000)).toBeNull();
    expect(rates.perSecond('a', 130, 3_000)).toBe(15);
    expect(rates.perSecond('a', 130, 4_000)).toBe(0);
  });

  it('none after a reset, then again', () => {
    const rates = createRates();
    rates.perSecond('a', 100, 1_000);
    expect(rates.perSecond('a', 5, 2_000)).toBeNull();
    expect(rates.perSecond('a', 8, 3_000)).toBe(3);
    expect(rates.increase('a', 7)).toBeNull();
    expect(rates.increase('a', 3)).toBeNull();
    expect(rates.increase('a', 4)).toBe(1);
  });

  it('none when no time has passed or the clock went back', () => {
    const rates = createRates();
    rates.perSecond('a', 1, 1_000);
    expect(rates.perSecond('a', 2, 1_000)).toBeNull();
    expect(rates.perSecond('a', 3, 500)).toBeNull();
    expect(rates.perSecond('a', 4, 1_500)).toBe(1);
  });

  it('keys do not mix', () => {
    const rates = createRates();
    rates.perSecond('a', 1, 0);
    expect(rates.perSecond('b', 100, 1_000)).toBeNull();
  });
});

describe('samples', () => {
  it.each([[null], [undefined], [''], ['many'], [NaN]])('%p is left out, never invented', (value) => {
    expect(sample('n', value)).toEqual([]);
  });

  it('numbers as drivers write them', () => {
    expect([sample('n', '12.5'), sample('n', 0), sample('n', 7n)].flat().map(({ value }) => value)).toEqual([
      12.5, 0, 7,
    ]);
  });

  it('a row becomes a sample for each column that is no label', () => {
    expect(samplesOf([{ database: 'shop  ', size: '10', rows: null }], ['database'])).toEqual([
      { name: 'size', value: 10, labels: { database: 'shop' } },
    ]);
  });
});
