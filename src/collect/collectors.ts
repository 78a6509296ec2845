/** All collectors, registered in one line each. */
import { hostCollector } from './host';
import { mongodbCollector } from './mongodb';
import { mssqlCollector } from './mssql';
import type { Collector, TargetType } from './port';
import { postgresCollector } from './postgres/postgres';
import { snowflakeCollector } from './snowflake';

export const COLLECTORS: readonly Collector[] = [
  postgresCollector,
  mongodbCollector,
  mssqlCollector,
  snowflakeCollector,
  hostCollector,
];

export function collectorOf(type: TargetType): Collector {
  return COLLECTORS.find((collector) => collector.type === type)!;
}
