/** Which alerts are about a PostgreSQL target, and which target that is. */
import type { Labels } from '../../domain/labels';

export const isPostgresTarget = (labels: Labels): boolean =>
  labels.database_type === 'postgresql' && Boolean(labels.instance_id);

/** The configured target's name; only for labels that `isPostgresTarget` accepts. */
export const targetOf = (labels: Labels): string => labels.instance_id!;
