/** Query texts may be shown to people; the passwords in them may not. */
import { maskSecrets, shownQuery } from '../../../src/domain/query-text';

describe('secrets in query texts are masked', () => {
  it.each([
    ["alter role app password 'hunter2'", "alter role app password '***'"],
    [
      "create user x with encrypted PASSWORD 'it''s hunter2' valid until 'tomorrow'",
      "create user x with encrypted PASSWORD '***' valid until 'tomorrow'",
    ],
    ["alter role app password 'hunter2 is cut o", "alter role app password '***'"],
    ["update t set api_key = 'hunter2' where id = 'a'", "update t set api_key = '***' where id = 'a'"],
    ["select 'password = ''hunter2''' as shown", "select 'password = '***'' as shown"],
    [
      "select dblink('host=h user=u password=hunter2 dbname=d')",
      "select dblink('host=h user=u password=*** dbname=d')",
    ],
    ["select 'postgres://app:hunter2@db/x'", "select 'postgres://app:***@db/x'"],
    ['alter role app password $x$hunter2$x$', "alter role app password '***'"],
    [
      "create subscription s connection 'host=h password=hunter2'",
      "create subscription s connection 'host=h password=***'",
    ],
    [`insert into c ("secret") values ('a')`, `insert into c ("secret") values ('a')`],
    ["select 1 where name = 'ada'", "select 1 where name = 'ada'"],
  ])('%s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
  });

  it('before the text is cut, so that no half secret is left', () => {
    expect(shownQuery(`alter role app\n   password 'hunter2hunter2'`, 30)).toBe(
      "alter role app password '***'",
    );
    expect(shownQuery('select    1,\n 2, 3', 10)).toBe('select 1,…');
    expect(shownQuery(null, 10)).toBeNull();
  });
});
