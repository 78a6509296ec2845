/** `tocsin drills`: which receivers are told regularly to see whether it arrives, and whether it did. */
import type { Config, DrillConfig } from '../../config/config';
import type { DrillOutcome } from '../../domain/drill';
import { messageOf } from '../../domain/errors';
import type { DrillResult } from '../../history/port';
import { redactUrl } from '../../observe/redact';
import { readConfig, serverConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { plain } from '../plain';
import { fromNow, stamp, tableOf, type Column } from '../show';
import { wordOf } from '../words';
import { withOperator } from './alerts';

interface Shown extends ConfigOption {
  readonly json?: boolean;
}

interface Listed {
  readonly drill: DrillConfig;
  readonly receiver: string;
  readonly next: Next;
  /** Of all its ways; empty: it was never drilled. */
  readonly last: readonly DrillResult[];
}

const WHERE = '`drills:` in tocsin.yaml says who is told when';

/** Milliseconds; why there is no time where there is none. */
type Next = number | 'paused' | 'never' | 'not scheduled' | 'unknown';

export async function listDrills(context: Context, options: Shown): Promise<ExitCode> {
  const { drills } = readConfig(context, options);
  const listed = drills.length === 0 ? [] : await readAll(context, options, drills);
  if (options.json) context.print(JSON.stringify(listed.map(toJson), null, 2));
  else if (listed.length === 0) context.print(`No drills are configured: ${WHERE}.`);
  else context.print(tableOf(context, columns(context.now()), listed));
  return EXIT.ok;
}

function readAll(context: Context, options: Shown, drills: Config['drills']): Promise<Listed[]> {
  return withOperator(context, options, async ({ drills: access }) => {
    const results = await access.latest();
    const nexts = await Promise.all(drills.map(({ name }) => nextOf(context, name, access)));
    return drills.flatMap((drill, index) =>
      drill.receivers.map((receiver) => ({
        ...{ drill, receiver, next: nexts[index]! },
        last: results.filter((one) => one.drill === drill.name && one.receiver === receiver),
      })),
    );
  });
}

type Access = Parameters<Parameters<typeof withOperator>[2]>[0]['drills'];

/** What came of them is shown although Temporal is away. */
async function nextOf(context: Context, name: string, access: Access): Promise<Next> {
  try {
    const times = await access.times(name);
    if (times === null) return 'not scheduled';
    return times.isPaused ? 'paused' : (times.nextAt ?? 'never');
  } catch (error) {
    context.complain(`when ${name} comes next is not known: ${plain(redactUrl(messageOf(error)))}`);
    return 'unknown';
  }
}

/** Exit code 1 where somebody was not reached. */
export async function runDrill(context: Context, name: string, options: Shown): Promise<ExitCode> {
  const { drills } = serverConfig(context, options);
  if (drills.length === 0) throw usage(`no drill is configured: ${WHERE}`);
  const word = wordOf(
    'drill',
    name,
    drills.map((each) => each.name),
  );
  const { receivers } = drills.find((each) => each.name === word)!;
  const outcomes = await withOperator(context, options, (operator) =>
    operator.drills.run({ drill: word, receivers }),
  );
  if (options.json)
    context.print(
      JSON.stringify(
        outcomes.map(({ retryable: _, ...outcome }) => outcome),
        null,
        2,
      ),
    );
  else context.print(tableOf(context, OUTCOMES, outcomes));
  return outcomes.every(({ delivered }) => delivered) ? EXIT.ok : EXIT.failed;
}

const isReached = ({ last }: Listed): boolean => last.every(({ isDelivered }) => isDelivered);

function saidOf(listed: Listed): string {
  const { last } = listed;
  const telling = isReached(listed) ? last : last.filter(({ isDelivered }) => !isDelivered);
  return telling.map(({ way, detail }) => (last.length === 1 ? detail : `${way}: ${detail}`)).join('; ');
}

const columns = (now: number): readonly Column<Listed>[] => [
  { title: 'DRILL', value: ({ drill }) => drill.name },
  { title: 'RECEIVER', value: ({ receiver }) => receiver },
  {
    title: 'NEXT',
    value: ({ next }) => (typeof next === 'number' ? `${stamp(next)}, ${fromNow(now, next)}` : next),
    style: ({ next }) => (typeof next === 'number' ? null : 'yellow'),
  },
  { title: 'LAST', value: ({ last }) => (last.length === 0 ? 'never' : stamp(last[0]!.at)) },
  {
    title: 'OUTCOME',
    value: (listed) => (listed.last.length === 0 ? '' : isReached(listed) ? 'delivered' : 'not delivered'),
    style: (listed) => (isReached(listed) ? 'green' : 'red'),
  },
  { title: 'DETAIL', value: saidOf, flexible: true },
];

const OUTCOMES: readonly Column<DrillOutcome>[] = [
  { title: 'RECEIVER', value: ({ receiver }) => receiver },
  {
    title: 'OUTCOME',
    value: ({ delivered }) => (delivered ? 'delivered' : 'not delivered'),
    style: ({ delivered }) => (delivered ? 'green' : 'red'),
  },
  { title: 'DETAIL', value: ({ detail }) => detail, flexible: true },
];

function toJson(listed: Listed): object {
  const { drill, receiver, next, last } = listed;
  return {
    ...{ drill: drill.name, receiver, cron: drill.cron, time_zone: drill.timeZone },
    next: typeof next === 'number' ? new Date(next).toISOString() : null,
    next_state: typeof next === 'number' ? 'scheduled' : next,
    last:
      last.length === 0
        ? null
        : {
            at: new Date(last[0]!.at).toISOString(),
            delivered: isReached(listed),
            ways: last.map(({ way, isDelivered, detail, finishedAt }) => ({
              ...{ way, delivered: isDelivered, detail, finished_at: finishedAt },
            })),
          },
  };
}
