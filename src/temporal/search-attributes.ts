/** The few search attributes of an alert's run. On Postgres a value above 255 characters runs but is never listed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Connection, OperatorService } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { messageOf, TocsinError } from '../domain/errors';
import type { Labels } from '../domain/labels';

export const SEARCH_ATTRIBUTES = [
  'AlertName',
  'AlertState',
  'Severity',
  'Environment',
  'Resource',
  'Team',
] as const;
type Name = (typeof SEARCH_ATTRIBUTES)[number];

const MAX_LENGTH = 200;

const SOURCES: Readonly<Record<Exclude<Name, 'AlertState'>, readonly string[]>> = {
  AlertName: ['alertname'],
  Severity: ['severity'],
  Environment: ['environment', 'env'],
  Resource: ['instance_id', 'instance', 'resource'],
  Team: ['team', 'owner'],
};

export function searchAttributesOf(labels: Labels, state: string): TypedSearchAttributes {
  const pairs = [pair('AlertState', state)];
  for (const [name, sources] of Object.entries(SOURCES)) {
    const value = sources
      .map((source) => labels[source])
      .find((found) => found !== undefined && found !== '');
    if (value !== undefined) pairs.push(pair(name as Name, value));
  }
  return new TypedSearchAttributes(pairs);
}

function pair(name: Name, value: string) {
  return { key: defineSearchAttributeKey(name, 'KEYWORD'), value: clean(value) };
}

/** Control characters, NUL among them, and lone surrogates are refused by some stores. */
function clean(value: string): string {
  return value
    .toWellFormed()
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, MAX_LENGTH)
    .toWellFormed();
}

const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 5_000;

/**
 * Registers what the namespace lacks, and waits a while until the server knows it: before, it refuses the alerts that
 * carry it. A cluster reads its attributes anew once a minute at the latest.
 * @throws TOC_DEPENDENCY_AWAY when it does not know them by then; to be asked again
 */
export async function ensureSearchAttributes(client: Client, namespace: string): Promise<void> {
  const { operatorService } = client.connection as Connection;
  const known = (await operatorService.listSearchAttributes({ namespace })).customAttributes ?? {};
  const missing = SEARCH_ATTRIBUTES.filter((name) => known[name] === undefined);
  if (missing.length > 0) await addSearchAttributes(operatorService, namespace, missing);
  const deadline = Date.now() + PATIENCE_MS;
  for (let problem = await refusalOf(client); problem !== null; problem = await refusalOf(client)) {
    if (Date.now() > deadline)
      throw new TocsinError(
        'TOC_DEPENDENCY_AWAY',
        `temporal: the namespace ${namespace} does not know its search attributes yet: ${messageOf(problem)}`,
        { cause: problem },
      );
    await sleep(LOOK_EVERY_MS);
  }
}

/** Why a query by the attributes is refused; null when it is not. */
async function refusalOf(client: Client): Promise<unknown> {
  const query = SEARCH_ATTRIBUTES.map((name) => `${name} = "none"`).join(' AND ');
  return client.workflow.count(query).then(
    () => null,
    (error: unknown) => error,
  );
}

export async function addSearchAttributes(
  operatorService: OperatorService,
  namespace: string,
  names: readonly string[],
): Promise<void> {
  const keyword = temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(names.map((name) => [name, keyword])),
  });
}
