/** What the runs of a storm share, and the programs that they are for: `tocsin serve`, and Alertmanager where it can be had. */
import { Client, Connection } from '@temporalio/client';
import { alertmanagerProgram } from './alertmanager';
import { alertmanagerOf, tocsinOf, type StartContender } from './contenders';
import type { BenchStage } from './measure';
import { startReceiver, type Receiver } from './receiver';

/** Where one program's runs are made. */
export interface Arena {
  readonly stage: BenchStage;
  readonly start: StartContender;
  readonly receiver: Receiver;
  readonly temporal: Client;
}

/** The Alertmanager beside it, or why there is none. */
export type Beside = { readonly version: string } | string;

/** Tocsin's first. */
export async function withArenas<T>(
  stage: BenchStage,
  use: (arenas: readonly Arena[], beside: Beside) => Promise<T>,
): Promise<T> {
  const alertmanager = await alertmanagerProgram(stage.say);
  if (typeof alertmanager === 'string') stage.say(`without Alertmanager beside it: ${alertmanager}`);
  const connection = await Connection.connect({ address: stage.temporal });
  const receiver = await startReceiver();
  const shared = { stage, receiver, temporal: new Client({ connection }) };
  const programs = [
    tocsinOf(stage),
    ...(typeof alertmanager === 'string' ? [] : [alertmanagerOf(alertmanager)]),
  ];
  try {
    return await use(
      programs.map((start) => ({ ...shared, start })),
      alertmanager,
    );
  } finally {
    await receiver.close();
    await connection.close();
  }
}

export async function inTurn<T>(arenas: readonly Arena[], run: (arena: Arena) => Promise<T>): Promise<T[]> {
  const runs: T[] = [];
  for (const arena of arenas) runs.push(await run(arena));
  return runs;
}
