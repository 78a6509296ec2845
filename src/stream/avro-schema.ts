/** The Avro schema of a metric's value, as `schemas/metrics-value.avsc` publishes it (a test compares the two, documentation aside). */
import type { schema } from 'avsc';

const V1_FIELDS: schema.RecordType['fields'] = [
  { name: 'timestamp', type: 'string' },
  { name: 'database_type', type: 'string' },
  { name: 'instance_id', type: 'string' },
  { name: 'metric_name', type: 'string' },
  { name: 'value', type: 'double' },
  { name: 'tags', type: { type: 'map', values: 'string' } },
  { name: 'metadata', type: { type: 'map', values: 'string' } },
];

/** The first version, which some producers still write. */
export const METRIC_AVRO_V1: schema.RecordType = {
  type: 'record',
  name: 'Metric',
  namespace: 'com.gds.monitoring',
  fields: V1_FIELDS,
};

/** Version 2 adds two optional fields: BACKWARD compatible. */
export const METRIC_AVRO: schema.RecordType = {
  ...METRIC_AVRO_V1,
  fields: [
    ...V1_FIELDS,
    { name: 'collection_method', type: ['null', 'string'], default: null },
    { name: 'collector_version', type: ['null', 'string'], default: null },
  ],
};
