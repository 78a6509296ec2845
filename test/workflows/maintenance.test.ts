/** A maintenance holds an alert's repair and its escalation; its end lets both go on, with what was refused asked for again. */
import { remediationWorkflowId } from '../../src/domain/identity';
import type { RemediationPlan } from '../../src/domain/remediation';
import type { MuteVerdict } from '../../src/mute/port';
import type { Admission } from '../../src/remediate/port';
import { mutesChangedSignal } from '../../workflows/messages';
import { waitFor } from '../harness/wait-for';
import { openPlace, type Place } from './fixtures/place';
import type { TestAlert } from './world';

let place: Place;
let asked = 0;
/** What holds repairs and mutes alerts now; null: nothing. */
let until: Date | null = null;

beforeAll(async () => {
  place = await openPlace({
    mutes: { verdict: async () => verdict() },
    heldRepair: async () => until,
  });
  const { admission } = place.target;
  place.target.admission = async () => {
    asked += 1;
    return until === null ? admission() : refused();
  };
});
afterAll(() => place.world.close());
beforeEach(() => void (asked = 0));

const refused = (): Admission => ({
  allowed: false,
  reason: 'maintenance',
  detail: 'move: "db" is worked on',
});
const verdict = (): MuteVerdict =>
  until === null
    ? { muted: false }
    : {
        ...{ muted: true, reason: 'maintenance', by: 'maintenance move', until: until.toISOString() },
        ...{ detail: 'maintenance move', holder: { kind: 'silence', id: 'not asked for here' } },
      };
let targets = 0;
const plan = (): RemediationPlan => ({
  ...{ runbook: 'terminate-idle-sessions', target: `held-${(targets += 1)}`, inputs: {}, dryRun: false },
  ...{ soakMs: 1_000, verifyTimeoutMs: 20_000 },
});
const results = (alert: TestAlert) =>
  alert.records().flatMap(({ remediation }) => (remediation ? [remediation.outcome] : []));
const HOUR_MS = 3_600_000;

it('a repair that was refused is made when the maintenance is ended', async () => {
  until = new Date(Date.now() + HOUR_MS);
  const remediation = plan();
  const alert = place.world.alert({ remediation });
  await alert.deliver();
  await waitFor(() => results(alert).includes('refused'), { what: 'the refusal' });
  expect((await alert.status()).state).toBe('SILENCED');

  until = null;
  await alert.handle.signal(mutesChangedSignal);
  await waitFor(() => results(alert).includes('verified'), { what: 'the repair' });
  expect((await alert.status()).silencedUntil).toBeNull();
  expect(remediationWorkflowId(place.world.instance, remediation.target)).toContain('held-');
  await alert.deliver({ kind: 'resolved', at: 5, startsAt: 0 });
});

it('a repair that was refused is made when the maintenance ends by itself, although nobody says so', async () => {
  until = new Date(Date.now() + 1_000);
  const alert = place.world.alert({ remediation: plan() });
  await alert.deliver();
  await waitFor(() => results(alert).includes('refused'), { what: 'the refusal' });
  until = null;
  await waitFor(() => results(alert).includes('verified'), { what: 'the repair', timeoutMs: 20_000 });
  expect(asked).toBe(2);
  await alert.deliver({ kind: 'resolved', at: 5, startsAt: 0 });
});

it('one that begins while the alert is open stops its escalation, and its end lets it go on', async () => {
  until = null;
  const alert = place.world.alert({});
  await alert.deliver();
  await waitFor(async () => (await alert.status()).escalation?.nextAt != null, { what: 'the chain' });
  until = new Date(Date.now() + HOUR_MS);
  await alert.handle.signal(mutesChangedSignal);
  await waitFor(async () => (await alert.status()).state === 'SILENCED', { what: 'the maintenance' });
  expect((await alert.status()).escalation?.nextAt).toBeNull();
  until = null;
  await alert.handle.signal(mutesChangedSignal);
  await waitFor(async () => (await alert.status()).escalation?.nextAt != null, { what: 'the chain again' });
  const said = alert.timeline().map(({ text }) => text);
  expect(said).toContain('the silence was ended; escalation goes on');
  expect(said.some((text) => text.startsWith('maintenance move silences it until'))).toBe(true);
  await alert.deliver({ kind: 'resolved', at: 5, startsAt: 0 });
});
