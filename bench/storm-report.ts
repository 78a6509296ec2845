/** What storms came to, as lines of the report: against the aims, and beside Alertmanager where there was one. */
import type { ProgramName } from './contenders';
import { median, ratioOf, rounded, type BenchResult, type Figure, type Ratio, type Round } from './measure';
import type { Measured } from './storm';
import { WARM_UP_ALERTS, type Storm, type StormRun } from './storm-runs';

/** 10,000 in 10 groups may take one and a half times Alertmanager's time. */
const TOLD_OF_ITS_RATE = 0.67;
const LARGE_WITHIN_S = 3;
const FIRST_WITHIN_S = 0.3;
const SUMMARY_WITHIN_S = 2;
const LIVES_OF_FLOOR = 0.85;
const MEMORY_MIB = 2_048;

export function stormResult(measured: Measured): BenchResult {
  return {
    name: 'Storm',
    method: methodOf(measured),
    ratios: ratiosOf(measured),
    figures: figuresOf(measured),
    notes: notesOf(measured),
    rounds: [
      ...measured.storms.map(stormRound),
      ...measured.open.map(({ program, alerts, residentMib, lives }): Round => ({
        ...{ run: `${count(alerts)} open`, program, ...EMPTY, 'resident, MiB': residentMib },
        remarks: lives === null ? '' : `${count(lives)} lives begun by then`,
      })),
    ],
  };
}

const count = (many: number): string => many.toLocaleString('en');
const nameOf = ({ alerts, name }: Storm): string => `${count(alerts)} ${name}`;

/** The runs of one storm, by program. */
function runsOf(storms: readonly StormRun[], program: ProgramName): Map<string, StormRun[]> {
  const runs = new Map<string, StormRun[]>();
  for (const run of storms)
    if (run.program === program) runs.set(nameOf(run.storm), [...(runs.get(nameOf(run.storm)) ?? []), run]);
  return runs;
}

const medianOf = (runs: readonly StormRun[], of: (run: StormRun) => number): number => median(runs.map(of));

function ratiosOf({ storms, lives, bareAccepted, beside }: Measured): Ratio[] {
  const floor = ratioOf({
    ...{ name: 'lives begun after a storm, against a bare workflow', unit: 'lives/s', aim: LIVES_OF_FLOOR },
    ...{ ours: lives.ours, reference: lives.floor },
  });
  const [smallest = []] = runsOf(storms, 'Tocsin').values();
  const accepting = ratioOf({
    ...{ name: 'accepted, against a process that writes to Kafka alone', unit: 'alerts/s', aim: null },
    ours: medianOf(smallest, ({ storm, accepted }) => storm.alerts / accepted),
    reference: bareAccepted,
  });
  if (typeof beside === 'string') return [accepting, floor];
  const [ours, theirs] = [runsOf(storms, 'Tocsin'), runsOf(storms, 'Alertmanager')];
  const compared = [...ours].flatMap(([name, runs], index) => {
    const line = (what: string, aim: number | null, of: (run: StormRun) => number): Ratio =>
      ratioOf({
        ...{ name: `${name}: ${what}`, unit: 'alerts/s', aim },
        ...{ ours: medianOf(runs, of), reference: medianOf(theirs.get(name)!, of) },
      });
    return [
      line('accepted', 1, ({ storm, accepted }) => storm.alerts / accepted),
      line('told', index === 0 ? TOLD_OF_ITS_RATE : null, ({ storm, all }) => storm.alerts / all),
    ];
  });
  return [...compared, accepting, floor];
}

function figuresOf({ storms, open }: Measured): Figure[] {
  const [small, large, alone] = [...runsOf(storms, 'Tocsin')];
  const figure = (name: string, unit: string, value: number, aim: number | null): Figure => ({
    ...{ name, unit, value, aim },
  });
  const seconds = (of: [string, StormRun[]], what: 'first' | 'all', aim: number | null): Figure =>
    figure(
      `${of[0]}: ${what === 'first' ? 'first page' : 'all told'}`,
      's',
      medianOf(of[1], (run) => run[what]),
      aim,
    );
  const ofTocsin = <T extends { readonly program: ProgramName }>(runs: readonly T[]): T[] =>
    runs.filter(({ program }) => program === 'Tocsin');
  return [
    seconds(small!, 'first', null),
    seconds(small!, 'all', null),
    seconds(large!, 'all', LARGE_WITHIN_S),
    seconds(alone!, 'first', FIRST_WITHIN_S),
    seconds(alone!, 'all', null),
    ...alone![1].flatMap(({ summary }) =>
      summary === null ? [] : [figure(`${alone![0]}: summary`, 's', summary, SUMMARY_WITHIN_S)],
    ),
    ...ofTocsin(open).map(({ alerts, residentMib }) =>
      figure(`${count(alerts)} open alerts: resident at most`, 'MiB', residentMib, MEMORY_MIB),
    ),
  ];
}

const EMPTY: Round = {
  ...{ 'accepted/s': null, 'first page, s': null, 'all told, s': null, calls: null },
  ...{ 'summary, s': null, 'CPU s': null, 'CPU s of the servers': null, 'resident, MiB': null },
};

const stormRound = (run: StormRun): Round => ({
  ...{ run: nameOf(run.storm), program: run.program, 'accepted/s': run.storm.alerts / run.accepted },
  ...{ 'first page, s': run.first, 'all told, s': run.all, calls: run.calls },
  'summary, s': run.summary,
  ...{ 'CPU s': run.cpuSeconds, 'CPU s of the servers': run.serversCpuSeconds },
  ...{ 'resident, MiB': run.residentMib },
  remarks: run.repeated === 0 ? '' : `${count(run.repeated)} alerts told again`,
});

function methodOf({ beside, sizes }: Measured): string {
  const whom =
    typeof beside === 'string'
      ? '`tocsin serve`'
      : `\`tocsin serve\` and Alertmanager ${beside.version}, in turn and`;
  return (
    `The same alerts (six labels, two annotations) are posted to ${whom} with the same alertmanager.yml, in batches of 256 over four connections, to a process that has just ` +
    `been started and has told of ${WARM_UP_ALERTS} other alerts; one webhook receives the pages in a process of its own and counts who is in them. The clock runs from the first request. ` +
    `Grouped alerts have a group_wait of 1 s, those alone none; group_interval is 5 s. Each alert has to be taken, and told once: a page of Tocsin's that says of nobody anything new ends the measurement with an error. ` +
    `Of the smallest, medians of ${sizes.rounds} rounds.`
  );
}

function notesOf({ beside, lives }: Measured): string[] {
  const missing = typeof beside === 'string' ? [`No Alertmanager was measured beside it: ${beside}.`] : [];
  return [
    ...missing,
    'Alertmanager takes alerts into memory; Tocsin answers when Kafka has them on disk; readers and due groups wait for the rows of what was taken before (2 s at most). What it costs is the accepted rate, what it buys stands under Kill.',
    'Of what waits to be told in a hundred messages and more, Tocsin tells a receiver of its own in one (`--storm-summary`).',
    `Lives in Temporal are begun after the pages, ${rounded(lives.ours)} a second here, beside which a workflow that does nothing in the same shape begins ${rounded(lives.floor)} a second on the same server.`,
  ];
}
