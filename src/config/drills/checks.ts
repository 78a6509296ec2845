/** What drills have to mean together: their receivers are there and stand once, their zones are ones. */
import { unknownZone } from '../on-call/checks';
import type { Finding, Path } from '../problems';
import { duplicates, type ReceiverNames, unknownReceiver } from '../references';
import type { RawDrill } from './schema';

export function drillFindings(drills: readonly RawDrill[], names: ReceiverNames): Finding[] {
  return [
    ...duplicates(['drills'], drills),
    ...drills.flatMap(({ receivers, time_zone: zone }, index) => {
      const path: Path = ['drills', index];
      return [
        ...receivers.flatMap((name, at) => unknownReceiver([...path, 'receivers', at], name, names)),
        ...namedTwice([...path, 'receivers'], receivers),
        ...unknownZone([...path, 'time_zone'], zone),
      ];
    }),
  ];
}

const namedTwice = (path: Path, receivers: readonly string[]): Finding[] =>
  receivers.flatMap((name, at) =>
    receivers.indexOf(name) === at
      ? []
      : [{ path: [...path, at], value: JSON.stringify(name), message: 'stands here already' }],
  );
