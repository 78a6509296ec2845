/**
 * Histories as files: one event a line, so that a difference can be read. The SDK's own JSON form is not used, because
 * it needs one single copy of protobufjs in the whole tree, which npm does not promise.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';

export const FOLDER = join(__dirname, 'histories');
const { History } = temporal.api.history.v1;
export type History = temporal.api.history.v1.IHistory;

export interface HistoryFile {
  readonly name: string;
  readonly workflowId: string;
  readonly history: History;
}

export async function readHistory(name: string): Promise<HistoryFile> {
  const { workflowId, events } = JSON.parse(await readFile(join(FOLDER, `${name}.json`), 'utf8')) as {
    workflowId: string;
    events: object[];
  };
  return { name, workflowId, history: History.fromObject({ events }) };
}

export async function writeHistory({ name, workflowId, history }: HistoryFile): Promise<void> {
  const { events } = History.toObject(History.fromObject(history), {
    longs: String,
    enums: String,
    bytes: String,
  }) as { events: object[] };
  const lines = events.map((event) => JSON.stringify(event, scrubbed)).join(',\n');
  await writeFile(
    join(FOLDER, `${name}.json`),
    `{"workflowId":${JSON.stringify(workflowId)},"events":[\n${lines}\n]}\n`,
  );
}

/** What names the machine that recorded: processes, hosts, paths. A replay looks at none of them. */
const SCRUBBED = ['identity', 'stackTrace', 'binaryChecksum', 'workerVersion', 'prevAutoResetPoints'];
const PROCESS_AT_HOST = /\d+@[\w.-]+/g;

function scrubbed(key: string, value: unknown): unknown {
  if (SCRUBBED.includes(key)) return undefined;
  return typeof value === 'string' ? value.replace(PROCESS_AT_HOST, 'worker') : value;
}
