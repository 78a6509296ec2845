/**
 * What a process loads when it needs it: Temporal's packages take longer to load than all else together. By `createRequire`,
 * because it finds the modules in `dist` as in the sources.
 */
import { createRequire } from 'node:module';

const read = createRequire(__filename);

export const lazy = {
  temporal: () => read('./temporal') as typeof import('./temporal'),
  lives: () => read('./lives') as typeof import('./lives'),
};
