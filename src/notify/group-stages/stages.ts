/** The way of a group that is looked at, to the messages that are made of it: silence → maintenance → inhibition → time interval → dedup. */
import { messageOf } from '../../domain/errors';
import type { Labels } from '../../domain/labels';
import type { KnownAlert } from '../../history/port';
import type { Logger } from '../../observe/observe';
import type { GroupLook, GroupVerdict } from '../port';
import { dedupStage, type Told } from './dedup';
import { lookAt, muting, type GroupStage } from './stage';

export interface GroupStagesOptions {
  /** Ids of the silences that hold for labels at that time. Throws when they cannot be read. */
  readonly silencer: (at: Date) => Promise<(labels: Labels) => readonly string[]>;
  /** Names of the maintenances that cover labels at that time. Throws when they cannot be read. */
  readonly maintainer?: (at: Date) => Promise<(labels: Labels) => readonly string[]>;
  /** Fingerprints of the alerts that inhibit it. */
  readonly inhibitedBy: (alert: KnownAlert, at: number) => readonly string[];
  /** Names of the time intervals that hold the group back. */
  readonly timeMutedBy: (
    route: Pick<GroupLook, 'muteTimeIntervals' | 'activeTimeIntervals'>,
    at: number,
  ) => readonly string[];
  readonly integrationsOf: (receiver: string) => readonly Told[];
  readonly log: Pick<Logger, 'warn'>;
}

/** What is decided on groups that are looked at together: the silences are read once for all of them. */
export type GroupVerdicts = (at: Date) => Promise<(look: GroupLook) => GroupVerdict>;

export function createGroupVerdicts(options: GroupStagesOptions): GroupVerdicts {
  const { silencer, maintainer, inhibitedBy, timeMutedBy, integrationsOf, log } = options;
  const dedup = dedupStage(integrationsOf);
  /** Better one message too many than one too few. */
  const readOr = (what: string, reading: ReturnType<typeof silencer>): ReturnType<typeof silencer> =>
    reading.catch((error: unknown) => {
      log.warn({ err: error }, `${what} cannot be read, so none holds: ${messageOf(error)}`);
      return () => [];
    });
  return async (at) => {
    const [silencedBy, maintainedBy] = await Promise.all([
      readOr('silences', silencer(at)),
      maintainer === undefined ? () => [] : readOr('maintenances', maintainer(at)),
    ]);
    const stages: readonly GroupStage[] = [
      muting('silence', (_, { alert }) => silencedBy(alert.labels)),
      muting('maintenance', (_, { alert }) => maintainedBy(alert.labels)),
      muting('inhibition', (look, { alert, isOver }) => (isOver ? [] : inhibitedBy(alert, look.at))),
      muting('time interval', (look) => timeMutedBy(look, look.at)),
      dedup,
    ];
    return (look) => lookAt(stages, look);
  };
}
