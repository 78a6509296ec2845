/** What rules on trial would have told has a topic of its own, which a view follows and a report reads. */
import { withAdmin } from '../../../src/stream/kafka';
import { followOpenAlerts } from '../../../src/stream/open-alerts';
import { createTransitionPublisher } from '../../../src/stream/publishers';
import { readShadow } from '../../../src/stream/shadow-reader';
import { ensureShadowTopic, shadowTopic } from '../../../src/stream/topics';
import type { Transition } from '../../../src/domain/transition';
import { openBench, readTransitions, type Bench } from './kafka-harness';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

const at = new Date(Date.now() - 60_000).toISOString();
const transition = (n: number): Transition => ({
  ...{ version: 1, transition_id: `t-${n}`, kind: 'firing', source: 'evaluator' },
  ...{ fingerprint: String(n).padStart(16, '0'), labels: { alertname: 'Trial' }, annotations: {} },
  ...{ starts_at: at, ends_at: null, value: n, threshold: 1, event_time: at, recent: [] },
  ...{ rule: { group: 'g', name: 'Trial', hash: 'h' }, correlation_id: 'c' },
});

async function read(sinceMs: number): Promise<string[]> {
  const found: string[] = [];
  await readShadow(bench, sinceMs, ({ transition_id: id }) => found.push(id));
  return found;
}

test('without the topic nothing is read; with it, what was written there and nowhere else', async () => {
  const { kafka, instance } = bench;
  const topic = shadowTopic(instance);
  expect(await read(0)).toEqual([]);
  await ensureShadowTopic(kafka, instance);
  await ensureShadowTopic(kafka, instance);
  expect(await read(0)).toEqual([]);
  const publisher = createTransitionPublisher({ kafka, instance, topic });
  bench.after(() => publisher.close());
  await publisher.publish([transition(1), transition(2)]);
  expect(await read(0)).toEqual(['t-1', 't-2']);
  expect(await read(Date.now() + 60_000)).toEqual([]);
  expect(await readTransitions(bench)).toEqual([]);

  const open = followOpenAlerts({ kafka, instance, topic });
  bench.after(() => open.close());
  await open.caughtUp();
  expect([...open.open()].map(({ last }) => last.transition_id)).toEqual(['t-1', 't-2']);

  const { resources } = await withAdmin(kafka, (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic }] }),
  );
  const kept = resources[0]!.configEntries.find(({ configName }) => configName === 'retention.ms');
  expect(kept?.configValue).toBe(String(7 * 86_400_000));
});
