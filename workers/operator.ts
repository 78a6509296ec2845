/** A person's access to the alerts, for the command line: lists from Postgres, actions through Temporal. */
import type { Config } from '../src/config/config';
import { openHistory } from '../src/history/history';
import type { AlertLists } from '../src/history/port';
import { createActions, type AlertActions } from '../src/temporal/actions';
import { connectClient } from '../src/temporal/connection';
import { policiesOf } from './policies';

const ANSWER_WITHIN_MS = 10_000;

export interface Operator {
  readonly lists: AlertLists;
  readonly actions: AlertActions;
  close(): Promise<void>;
}

/** Temporal is connected to by the first action, so that lists work while it is away. */
export async function openOperator(config: Config): Promise<Operator> {
  const { instance } = config;
  const history = await openHistory({ url: config.postgres.url.reveal(), instance, maxConnections: 2 });
  let temporal: ReturnType<typeof connectClient> | undefined;
  const connected = async (): Promise<AlertActions> => {
    const { client } = await (temporal ??= connectClient(config.temporal));
    return createActions({ client, instance, policyFor: policiesOf(config), timeoutMs: ANSWER_WITHIN_MS });
  };
  return {
    lists: history.lists,
    actions: {
      acknowledge: async (row, request) => (await connected()).acknowledge(row, request),
      unacknowledge: async (row, request) => (await connected()).unacknowledge(row, request),
      resolve: async (row, request) => (await connected()).resolve(row, request),
      silence: async (row, request) => (await connected()).silence(row, request),
      escalate: async (row, request) => (await connected()).escalate(row, request),
      status: async (fingerprint) => (await connected()).status(fingerprint),
    },
    async close() {
      const opened = await temporal?.catch(() => null);
      await Promise.all([opened?.close(), history.close()]);
    },
  };
}
