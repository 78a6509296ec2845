/** By what services tell groups apart: the same as Alertmanager's, so that an incident that it opened is closed from here. */
import { createHash } from 'node:crypto';
import type { GroupMessage } from '../port';

export const groupHash = ({ groupKey }: GroupMessage): string =>
  createHash('sha256').update(groupKey).digest('hex');
