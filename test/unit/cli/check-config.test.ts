/** `tocsin check config`: one command for both configurations. */
import { run } from './fake-context';

const check = (...args: string[]) => run(['check', 'config', ...args], {}, { env: {} });

it('counts what a valid alertmanager.yml has', async () => {
  const { code, out, err } = await check('examples/alertmanager.yml');
  expect(err).toBe('');
  expect(out).toBe(
    'examples/alertmanager.yml is valid: 4 routes, 4 receivers, 1 inhibit rule, 0 time intervals, 0 templates',
  );
  expect(code).toBe(0);
});

it('says every problem of a bad one with its place, and what would mend it', async () => {
  const file = 'test/fixtures/alertmanager/requirements.yml';
  const { code, out, err } = await check(file);
  expect(out).toBe('');
  expect(err).toContain(
    `${file}:27:5: receivers[0].email_configs[0].subject: is not a key here; write headers: { Subject: … } instead`,
  );
  expect(err).toContain(`${file} has 2 problems; nothing would start`);
  expect(code).toBe(2);
});

it('takes tocsin.yaml as well', async () => {
  expect((await check('examples/tocsin.yaml')).out).toMatch(/^examples\/tocsin\.yaml is valid: 2 targets/);
  const { code, err } = await check('test/unit/cli/wrong.yaml');
  expect(err).toContain('test/unit/cli/wrong.yaml has 2 problems');
  expect(code).toBe(2);
});

it('is what check does without the word', async () => {
  expect((await run(['check', 'examples/alertmanager.yml'], {}, { env: {} })).out).toBe(
    (await check('examples/alertmanager.yml')).out,
  );
});

it('refuses a file that is not there', async () => {
  const { code, err } = await check('alertmanager.yml');
  expect(err).toContain('alertmanager.yml: does not exist');
  expect(code).toBe(2);
});

it('gives programs the problems and the counts', async () => {
  const right = JSON.parse((await check('--json', 'examples/alertmanager.yml')).out) as unknown;
  expect(right).toMatchObject({ valid: true, problems: [], summary: { routes: 4, receivers: 4 } });
  const wrong = JSON.parse(
    (await check('--json', 'test/fixtures/alertmanager/requirements.yml')).out,
  ) as unknown;
  expect(wrong).toMatchObject({
    valid: false,
    summary: null,
    problems: [{ line: 27 }, { line: 28 }, { level: 'warning' }],
  });
});

it('reads matchers in the way that is asked for', async () => {
  const file = 'examples/alertmanager.yml';
  expect((await check('--enable-feature', 'classic-mode', file)).code).toBe(0);
  expect((await check('--enable-feature', 'utf8-strict-mode', file)).code).toBe(0);
  const unknown = await check('--enable-feature', 'utf8-strict', file);
  expect(unknown.err).toContain('"utf8-strict" is no feature;');
  expect(unknown.code).toBe(2);
  const both = await check('--enable-feature', 'classic-mode,utf8-strict-mode', file);
  expect(both.err).toContain('cannot both be on');
  expect(both.code).toBe(2);
});
