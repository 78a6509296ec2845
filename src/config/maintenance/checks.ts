/** What maintenances have to mean together: each says what it is of, in one way; its times are in order. */
import { matchersFault } from '../../domain/silence';
import { outOfOrder, unknownZone } from '../on-call/checks';
import type { Finding, Path } from '../problems';
import { duplicates, unknownName } from '../references';
import type { RawMaintenance } from './schema';

const KINDS = ['targets', 'environments', 'matchers'] as const;

export function maintenanceFindings({
  maintenance,
  targets,
}: {
  readonly maintenance: readonly RawMaintenance[];
  readonly targets: readonly { readonly name: string }[];
}): Finding[] {
  const names = targets.map(({ name }) => name);
  return [
    ...duplicates(['maintenance'], maintenance),
    ...maintenance.flatMap((each, index) => {
      const path: Path = ['maintenance', index];
      return [
        ...ofWhat(path, each),
        ...ofLabels(path, each),
        ...ofTargets(path, each, names),
        ...inTimes(path, each),
      ];
    }),
  ];
}

function ofWhat(path: Path, each: RawMaintenance): Finding[] {
  const given = KINDS.filter((kind) => each[kind].length > 0);
  if (given.length === 1) return [];
  const accepted = 'one of targets, environments, matchers';
  if (given.length === 0) return [{ path, message: 'does not say what is worked on', accepted }];
  const message = `has ${given.join(' and ')}: it is not clear whether both have to hold`;
  return [{ path, message, accepted: `${accepted}; or two maintenances` }];
}

/** As a silence's: what holds for every alert without a label is meant otherwise. */
function ofLabels(path: Path, { matchers }: RawMaintenance): Finding[] {
  const fault = matchers.length === 0 ? null : matchersFault(matchers, 'fallback');
  return fault === null ? [] : [{ path: [...path, 'matchers'], message: `cannot be: ${fault}` }];
}

/** Where none are configured, they are those of whoever sends alerts. */
const ofTargets = (path: Path, { targets }: RawMaintenance, names: readonly string[]): Finding[] =>
  names.length === 0
    ? []
    : targets.flatMap((name, index) => unknownName([...path, 'targets', index], name, names, 'target'));

const inTimes = (path: Path, { intervals }: RawMaintenance): Finding[] =>
  intervals.flatMap((times, index) => [
    ...unknownZone([...path, 'intervals', index, 'time_zone'], times.time_zone),
    ...outOfOrder([...path, 'intervals', index], times),
  ]);
