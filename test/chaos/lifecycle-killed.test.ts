/** The process that works on the lives dies by SIGKILL in the middle of an escalation; another takes over. */
import { testServers } from '../harness/servers';
import { startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const LEVELS = [500, 3_000, 3_000];

/** Of the story as a whole; each of its waits, and each start of a process, has a limit of its own. */
const STORY_MS = 180_000;

let system: System;

beforeAll(async () => {
  system = await startSystem({ servers: testServers(), levels: LEVELS });
});

afterAll(() => system.close());

test(
  'every level is told, in its order and at its time, and none twice',
  async () => {
    const dispatcher = await system.start('dispatcher');
    await system.start('evaluator effects');
    await system.sample('db-1', 90);
    await toldBy('level1');
    await dispatcher.kill();
    await system.start('dispatcher');

    await toldBy('level3');
    const [fire, first, second, third] = system.messages();
    expect([fire, first, second, third].map((message) => message?.step)).toEqual([
      'fire',
      'escalate-1',
      'escalate-2',
      'escalate-3',
    ]);
    // Durable timers: the death costs no level its wait and adds none.
    expect(third!.at - second!.at).toBeGreaterThan(2_500);

    await system.sample('db-1', 10);
    const receivers = ['hook', 'level1', 'level2', 'level3'];
    await waitFor(
      () => system.messages().filter(({ step }) => step === 'resolved').length >= receivers.length,
      {
        what: 'the resolve for everybody who was told',
        timeoutMs: 30_000,
      },
    );
    expect(system.told()).toEqual(
      [
        'hook fire db-1',
        'level1 escalate-1 db-1',
        'level2 escalate-2 db-1',
        'level3 escalate-3 db-1',
        ...receivers.map((receiver) => `${receiver} resolved db-1`),
      ].sort(),
    );
  },
  STORY_MS,
);

function toldBy(receiver: string): Promise<true> {
  return waitFor(() => system.messages().some((message) => message.receiver === receiver), {
    what: `the message to ${receiver}`,
    timeoutMs: 30_000,
  });
}
