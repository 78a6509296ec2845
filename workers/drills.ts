/** Drills, as the effects role does them: what their activities are made of, and their Schedules. */
import { othersOf, pageOf } from '../src/dispatch/policy';
import { nameInAlertmanager } from '../src/domain/drill';
import { createDrills } from '../src/notify/drills';
import type { NoticeWay } from '../src/notify/notices';
import type { Drills } from '../src/notify/port';
import { createTransitionPublisher } from '../src/stream/publishers';
import { ensureDrillSchedules } from '../src/temporal/drills';
import { ownReadOptions } from './alertmanager';
import type { Shared } from './compose';
import { alertmanagerWays, ownWay } from './notice-ways';
import { streamObserver } from './observers';

export async function openDrills(shared: Shared): Promise<Drills> {
  const { config, parts, metrics } = shared;
  const { instance } = config;
  const [kafka, history] = await Promise.all([shared.kafka(), shared.history()]);
  const publisher = createTransitionPublisher({ kafka, instance, onEvent: streamObserver(shared) });
  parts.push({ name: "drills' publisher", stop: () => publisher.close() });
  return createDrills({
    ...{ instance, store: history.drills, rows: history.audit, publish: publisher.publish },
    waysOf: waysOf(shared),
    toldOf: othersOf(pageOf(config.page, config.pages, config.pageBySeverity), config.pages),
    now: () => Date.now(),
    onDrilled: (drill, { receiver, delivered }) =>
      metrics.drills.inc({ drill, receiver, outcome: delivered ? 'delivered' : 'failed' }),
  });
}

/** Those that are gone end, with what was raised of them. */
export async function keepDrills(shared: Shared, drills: Drills): Promise<void> {
  const { config } = shared;
  const { client } = await shared.temporal();
  await ensureDrillSchedules(client, config.instance, config.drills);
  await drills.forgetOthers(config.drills.map(({ name, receivers }) => ({ drill: name, receivers })));
}

function waysOf(shared: Shared): (receiver: string) => readonly NoticeWay[] {
  const { config } = shared;
  return (name) => {
    const there = nameInAlertmanager(name);
    if (there === null)
      return config.receivers.filter((one) => one.name === name).map((one) => ownWay(one, config));
    const options = ownReadOptions(shared);
    return options === null ? [] : alertmanagerWays(options).filter(({ receiver }) => receiver === there);
  };
}
