/** Who tells lives of what mutes their alerts, and what lives ask of it: the same for `tocsin start` and `tocsin serve`. */
import type { BookkeepingDeps } from '../activities/bookkeeping';
import type { Config } from '../src/config/config';
import { createMuteWatch, type MuteWatchOptions } from '../src/dispatch/mute-watch';
import type { History } from '../src/history/history';
import { createMutes } from '../src/mute/mutes';
import { createMaintenances, withMaintenances } from '../src/mute/maintenances';
import { muteTeller } from '../src/temporal/mute-news';
import type { Shared } from './compose';
import { targetDescriptions } from './policies';

export async function startMuteWatch(shared: Shared): Promise<void> {
  const { config, log, parts } = shared;
  const [history, maintenances, { client }] = await Promise.all([
    shared.history(),
    shared.maintenances(),
    shared.temporal(),
  ]);
  const watch = createMuteWatch({
    ...{ news: history.muteNews, silences: history.silences, maintenances, now: Date.now, log },
    tell: muteTeller(client, config.instance),
    ...reminding(config, history, shared.wakeNotifier),
  });
  watch.start();
  parts.push({ name: 'mute watch', stop: () => watch.stop() });
}

/** A maker who is one of the people is reminded as of what can wait. */
function reminding(
  { silences: { remindBeforeMs }, onCall: { people } }: Config,
  { reminders }: History,
  wakeNotifier: () => void,
): Pick<MuteWatchOptions, 'remind'> {
  if (remindBeforeMs === null) return {};
  const receiversOf = (maker: string): readonly string[] =>
    people.find(({ name }) => name === maker)?.notify.low.map(({ receiver }) => receiver) ?? [];
  return {
    async remind(at) {
      if ((await reminders.remind(at, remindBeforeMs, receiversOf)) > 0) wakeNotifier();
    },
  };
}

/** Read anew each time: who asks was told that something has changed. */
export async function currentMutesOf(
  shared: Shared,
): Promise<Pick<BookkeepingDeps, 'currentMutes' | 'heldRepair'>> {
  const { silences, maintenances: store } = await shared.history();
  const { config } = shared;
  const maintenances = createMaintenances({
    store,
    configured: await shared.configuredMaintenance(),
    cacheMs: 0,
  });
  const describe = targetDescriptions(config);
  return {
    currentMutes: withMaintenances(createMutes(silences, { cacheMs: 0 }), maintenances),
    async heldRepair(target, labels) {
      const environment = describe(target)?.environment ?? null;
      const under = await maintenances.holding({ target, environment, labels }, new Date());
      return under === null ? null : new Date(under.until);
    },
  };
}
