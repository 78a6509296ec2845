/** The way of a group that is looked at, to the messages that are made of it: silence → inhibition → time interval → dedup. */
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
  const { silencer, inhibitedBy, timeMutedBy, integrationsOf, log } = options;
  const dedup = dedupStage(integrationsOf);
  return async (at) => {
    const silencedBy = await silencer(at).catch((error: unknown) => {
      // Better one message too many than one too few.
      log.warn({ err: error }, `silences cannot be read, so none holds: ${messageOf(error)}`);
      return () => [];
    });
    const stages: readonly GroupStage[] = [
      muting('silence', (_, { alert }) => silencedBy(alert.labels)),
      muting('inhibition', (look, { alert, isOver }) => (isOver ? [] : inhibitedBy(alert, look.at))),
      muting('time interval', (look) => timeMutedBy(look, look.at)),
      dedup,
    ];
    return (look) => lookAt(stages, look);
  };
}
