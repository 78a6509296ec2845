/** A storm in which lives come late is no loss; and an audit that fails is silent to the outside. */
import { createHeartbeat } from '../../../src/notify/channels/heartbeat';
import { transition } from '../../builders/alerts';
import { startHttpCatcher, type HttpCatcher } from '../../harness/http-catcher';
import { waitFor } from '../../harness/wait-for';
import { auditScene, type AuditScene } from './scene';

const ALERTS = 500;
const EVERY_MS = 2_000;
const VALID_MS = 5_000;
const STORY_MS = 240_000;

let scene: AuditScene;
let outside: HttpCatcher;
let heartbeat: ReturnType<typeof createHeartbeat>;
let failing = false;
/** Looks that had something to suspect, and could not tell yet. */
let unsettled = 0;

beforeAll(async () => {
  outside = await startHttpCatcher();
  heartbeat = createHeartbeat({
    ...{ url: { reveal: () => outside.url }, instance: 'storm', everyMs: 500, validMs: VALID_MS },
    onBeat: () => undefined,
  });
  scene = await auditScene({
    policy: { escalation: null },
    lives: (lives) => ({
      async deliver(...what) {
        const slow = Date.now() + 200;
        await waitFor(() => Date.now() >= slow, { what: 'a server that is slow' });
        return lives.deliver(...what);
      },
    }),
    auditor: (deps) => ({
      ...deps,
      rows: {
        ...deps.rows,
        open(...page) {
          if (failing) throw new Error('by the test');
          return deps.rows.open(...page);
        },
      },
      progress: {
        ...deps.progress,
        async reached(positions) {
          const answer = await deps.progress.reached(positions);
          if (!answer) unsettled += 1;
          return answer;
        },
      },
    }),
    onAudited: () => heartbeat.audited(),
  });
}, STORY_MS);
afterAll(async () => {
  await heartbeat.stop();
  await outside.close();
  await scene.close();
}, STORY_MS);

test(
  'in a storm of 500 alerts whose lives begin one after the other, nothing is found',
  async () => {
    await scene.schedule(EVERY_MS, 500);
    await waitFor(() => scene.audited() > 0, { what: 'an audit', timeoutMs: 60_000 });
    await scene.publish(
      ...Array.from({ length: ALERTS }, (_, n) =>
        transition({
          at: Date.now() - Date.parse('2026-01-01T00:00:00.000Z'),
          labels: { alertname: `Storm${n % 10}`, host: `h${n}` },
        }),
      ),
    );
    const { sql, schema } = scene.kept;
    await waitFor(
      async () => (await sql.query(`select from ${schema}.episodes where life_seq > 0`)).rowCount === ALERTS,
      { what: 'all lives', timeoutMs: 180_000 },
    );
    const before = scene.audited();
    await waitFor(() => scene.audited() >= before + 2, { what: 'two audits after it', timeoutMs: 60_000 });
    expect(unsettled).toBeGreaterThan(0);
    expect([...scene.found]).toEqual([]);
  },
  STORY_MS,
);

test(
  'the sign of life comes while audits succeed, stops when they fail, and comes again',
  async () => {
    const last = (): number => outside.requests.at(-1)?.at ?? 0;
    await waitFor(() => Date.now() - last() < 2_000, { what: 'a beat', timeoutMs: 60_000 });
    failing = true;
    await waitFor(() => Date.now() - last() > VALID_MS + 2_000, { what: 'silence', timeoutMs: 60_000 });
    failing = false;
    const silent = last();
    await waitFor(() => last() > silent, { what: 'another beat', timeoutMs: 120_000 });
  },
  STORY_MS,
);
