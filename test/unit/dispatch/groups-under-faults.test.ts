/**
 * Whatever happens to alerts, silences, routes and processes, in whatever order: when all has come to rest, each receiver has
 * heard how things stand, and nobody has heard the same twice for any other reason than a process that ended between
 * telling and writing it down.
 */
import fc from 'fast-check';
import type { RouteOptions } from '../../../src/dispatch/port';
import { compileRoutes } from '../../../src/dispatch/routes';
import { fingerprint } from '../../../src/domain/labels';
import { parseMatcher } from '../../../src/domain/matchers';
import type { Delivery } from '../../../src/notify/port';
import {
  groupScene,
  HOUR,
  labelled,
  MINUTE,
  route,
  SECOND,
  type GroupProcess,
  type Heard,
  type Scene,
} from '../../harness/group-scene';

const HOSTS = ['a', 'b', 'c'];
const RECEIVERS = ['team', 'pager'];
const NAMES = [0, 1] as const;
const REPEAT = 2 * HOUR;
const base = { groupWaitMs: 30 * SECOND, groupIntervalMs: MINUTE, repeatIntervalMs: REPEAT };
const below = (text: string, more: Partial<RouteOptions> = {}): RouteOptions =>
  route({ ...base, matchers: [parseMatcher(text)], ...more });

/** A reload takes another one of these. */
const TREES: readonly RouteOptions[] = [
  route(base),
  route({ ...base, groupBy: ['host'] }),
  route({
    ...base,
    routes: [
      below('host="a"', { receiver: 'pager', continue: true }),
      below('host=~"a|b"', { groupBy: null }),
    ],
  }),
  route({ ...base, groupBy: [], routes: [below('host="c"', { receiver: 'pager' })] }),
];

type Answer = 'delivered' | 'retry' | 'refused';
type Step =
  | { readonly does: 'fire' | 'resolve' | 'silence' | 'unsilence'; readonly host: string }
  | { readonly does: 'pass'; readonly seconds: number }
  | { readonly does: 'look' | 'send' | 'die'; readonly who: 0 | 1 }
  /** While the look is under way, after it has read what was told: another alert comes, or an answer. */
  | { readonly does: 'look meanwhile'; readonly who: 0 | 1; readonly host: string; readonly ends: boolean }
  | { readonly does: 'die in a look'; readonly who: 0 | 1 }
  /** `dies`: before what came of it is written down. */
  | { readonly does: 'answer'; readonly how: Answer; readonly dies: boolean }
  | { readonly does: 'reload'; readonly tree: number };

const host = fc.constantFrom(...HOSTS);
const who = fc.constantFrom(...NAMES);
const is = <T extends string>(...does: T[]) => fc.constantFrom(...does);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: is('fire', 'fire', 'resolve'), host }) },
  { weight: 2, arbitrary: fc.record({ does: is('silence', 'unsilence'), host }) },
  {
    weight: 5,
    arbitrary: fc.record({ does: is('pass'), seconds: fc.constantFrom(1, 5, 30, 60, 600, 7_200) }),
  },
  { weight: 8, arbitrary: fc.record({ does: is('look', 'send'), who }) },
  { weight: 2, arbitrary: fc.record({ does: is('look meanwhile'), who, host, ends: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ does: is('die', 'die in a look'), who }) },
  {
    weight: 5,
    arbitrary: fc.record({
      ...{ does: is('answer'), dies: fc.boolean() },
      how: fc.constantFrom<Answer>('delivered', 'delivered', 'retry', 'refused'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: is('reload'), tree: fc.nat(TREES.length - 1) }) },
) as fc.Arbitrary<Step>;

interface OnItsWay {
  readonly by: string;
  readonly key: string;
  answer(delivery: Delivery): void;
}

interface World {
  readonly scene: Scene;
  readonly silenced: ReadonlySet<string>;
  /** Keys of messages that left and of which nobody wrote so down. */
  readonly unwritten: readonly string[];
  tree(): number;
  play(step: Step): Promise<void>;
  /** Nothing more happens: all is looked at and sent for as long as it takes. */
  rest(): Promise<void>;
}

const settled = (): Promise<void> => new Promise(setImmediate);
const DELIVERED: Delivery = { kind: 'delivered', detail: '' };
const ANSWERS: Readonly<Record<Answer, Delivery>> = {
  delivered: DELIVERED,
  retry: { kind: 'retry', error: '503', retryAfterMs: null },
  refused: { kind: 'refused', error: '400' },
};

async function world(): Promise<World> {
  const silenced = new Set<string>();
  const onTheirWay: OnItsWay[] = [];
  const unwritten: string[] = [];
  let isResting = false;
  let speaker = '';
  const scene = groupScene({
    receivers: RECEIVERS,
    mutes: {
      silencer:
        async () =>
        ({ host: name }) =>
          silenced.has(name!) ? ['s'] : [],
    },
    answer: ({ key }) => {
      if (isResting) return Promise.resolve(DELIVERED);
      const by = speaker;
      return new Promise((resolve) => onTheirWay.push({ by, key, answer: resolve }));
    },
  });
  let births = 0;
  let tree = 0;
  let meanwhile: (() => Promise<void>) | null = null;
  const processes: { name: string; process: GroupProcess }[] = [];
  const sending: Promise<void>[] = [];

  async function born(at: number): Promise<void> {
    const name = `process ${births++}`;
    const process = await scene.process(name, {
      route: TREES[tree]!,
      flusher: { onLook: () => void (deathInLook === name && process.die()) },
      onVerdicts: async () => {
        await meanwhile?.();
        meanwhile = null;
      },
    });
    processes[at] = { name, process };
  }
  let deathInLook = '';

  function renew(): void {
    const isHeld = (lease: string): boolean => processes.some(({ name }) => lease.startsWith(`${name} `));
    for (const row of scene.history.messages.values())
      if (row.takenBy !== null && isHeld(row.takenBy)) row.leaseUntil = scene.now() + 5 * SECOND;
  }

  async function answered(way: OnItsWay, how: Answer, dies: boolean): Promise<void> {
    const at = processes.findIndex(({ name }) => name === way.by);
    if (dies && at >= 0) {
      processes[at]!.process.die();
      if (how === 'delivered') unwritten.push(way.key);
    }
    // Whoever has taken a message takes it again.
    way.answer(ANSWERS[how === 'refused' && unwritten.includes(way.key) ? 'delivered' : how]);
    await settled();
    if (dies && at >= 0) await buried(at);
  }

  /** What else it was sending never arrives, as far as it knows. */
  async function buried(at: number): Promise<void> {
    const { name, process } = processes[at]!;
    process.die();
    for (const way of onTheirWay.filter(({ by }) => by === name)) {
      onTheirWay.splice(onTheirWay.indexOf(way), 1);
      way.answer(ANSWERS.retry);
    }
    await settled();
    await born(at);
  }

  const iso = (ms: number): string => new Date(ms).toISOString();
  const labels = (name: string) => labelled({ host: name });
  const post = (name: string, ends: boolean): Promise<void> =>
    scene.post(processes[0]!.process, {
      labels: labels(name),
      ...(ends && { endsAt: iso(scene.now()) }),
    });

  async function play(asked: Step): Promise<void> {
    switch (asked.does) {
      case 'fire':
      case 'resolve':
        return post(asked.host, asked.does === 'resolve');
      case 'silence':
        return void silenced.add(asked.host);
      case 'unsilence':
        return void silenced.delete(asked.host);
      case 'pass':
        scene.advance(asked.seconds * SECOND);
        return renew();
      case 'look':
        return processes[asked.who]!.process.look();
      case 'look meanwhile':
        meanwhile = async () => {
          await post(asked.host, asked.ends);
          const way = onTheirWay.shift();
          if (way !== undefined) await answered(way, 'delivered', false);
        };
        await processes[asked.who]!.process.look();
        return void (meanwhile = null);
      case 'send':
        speaker = processes[asked.who]!.name;
        sending.push(processes[asked.who]!.process.send());
        return settled();
      case 'die':
        return buried(asked.who);
      case 'die in a look':
        deathInLook = processes[asked.who]!.name;
        await processes[asked.who]!.process.look();
        deathInLook = '';
        return buried(asked.who);
      case 'answer': {
        const way = onTheirWay.shift();
        return way && answered(way, asked.how, asked.dies);
      }
      case 'reload':
        tree = asked.tree;
        for (const { process } of processes) {
          await process.grouping.known.refresh();
          await process.grouping.reroute(TREES[tree]!);
        }
    }
  }

  async function rest(): Promise<void> {
    isResting = true;
    for (const way of onTheirWay.splice(0)) await answered(way, 'delivered', false);
    await Promise.all(sending);
    for (let looks = 0; looks < 12; looks++) {
      scene.advance(looks < 2 ? 10 * SECOND : MINUTE);
      for (const { name, process } of processes) {
        speaker = name;
        await process.look();
        await process.send();
      }
    }
  }

  for (const at of NAMES) await born(at);
  return { ...{ scene, silenced, unwritten, play, rest }, tree: () => tree };
}

const idOf = (name: string): string => fingerprint(labelled({ host: name }));

/** Of each receiver and alert what was heard last. */
function heardLast(heard: readonly Heard[]): Map<string, string> {
  const last = new Map<string, string>();
  for (const { integration, message } of heard)
    for (const { fingerprint: id, status } of message.alerts) last.set(`${integration} ${id}`, status);
  return last;
}

function unheard(
  { scene, silenced, tree }: World,
  receiversOf: (name: string) => readonly string[],
): string[] {
  const last = heardLast(scene.heard);
  return HOSTS.flatMap((name) => {
    const isOpen = scene.history.rows.get(idOf(name))?.state === 'FIRING';
    return receiversOf(name).flatMap((receiver) => {
      const heard = last.get(`${receiver}/webhook/0 ${idOf(name)}`);
      if (isOpen && !silenced.has(name) && heard !== 'firing')
        return [`${receiver}: ${name} fires, heard ${heard}`];
      return !isOpen && heard === 'firing'
        ? [`${receiver}: ${name} is over, heard ${heard} (tree ${tree()})`]
        : [];
    });
  });
}

const contentOf = ({ message }: Heard): string =>
  message.alerts.map(({ fingerprint: id, status }) => `${id} ${status}`).join();

/** Messages that say what the one before said to the same receiver of the same group, for no reason that we know. */
function toldTwice({ scene, unwritten }: World): string[] {
  const last = new Map<string, Heard>();
  const excused = [...unwritten];
  return scene.heard.flatMap((heard) => {
    const place = `${heard.integration} ${heard.message.groupKey}`;
    const before = last.get(place);
    last.set(place, heard);
    if (before === undefined) return [];
    if (before.message.key === heard.message.key) {
      const at = excused.indexOf(heard.message.key);
      excused.splice(at, at < 0 ? 0 : 1);
      return at < 0 ? [`${place}: the same message again, and nobody had died with it`] : [];
    }
    const isRepeat = heard.message.reason === 'repeat interval elapsed' && heard.at - before.at > REPEAT;
    if (contentOf(before) !== contentOf(heard) || isRepeat) return [];
    return excused.includes(before.message.key) ? [] : [`${place}: told anew (${heard.message.reason})`];
  });
}

test('nothing is lost, and nothing is told twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const all = await world();
      for (const each of steps) await all.play(each);
      await all.rest();
      const routes = compileRoutes(TREES[all.tree()]!);
      const receiversOf = (name: string): string[] =>
        routes.placesOf(labelled({ host: name })).map(({ route: { options } }) => options.receiver);
      expect({ unheard: unheard(all, receiversOf), toldTwice: toldTwice(all) }).toEqual({
        ...{ unheard: [], toldTwice: [] },
      });
    }),
    { numRuns: 500, seed: 20_260_301 },
  );
}, 120_000);
