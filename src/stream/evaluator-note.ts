/**
 * What an evaluator says of itself to its group, in its member's metadata: who it is and where it answers questions. Members
 * of other versions say nothing, or more.
 */
import { z } from 'zod';

export interface EvaluatorNote {
  /** Of the process: whoever asks can tell it from another one that listens there. */
  readonly id: string;
  /** `host:port` of its HTTP server. */
  readonly http: string;
}

/** Nothing but a host and a port: it is called by whoever reads the group. */
const ADDRESS = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253}):\d{1,5}$/i;
const FORM = z.object({
  v: z.literal(1),
  id: z.string().min(1).max(100),
  http: z.string().regex(ADDRESS),
});
const MAX_BYTES = 1_024;

export const encodeNote = ({ id, http }: EvaluatorNote): Buffer =>
  Buffer.from(JSON.stringify({ v: 1, id, http }));

/** Null where the member says nothing that is understood here. */
export function decodeNote(data: Buffer): EvaluatorNote | null {
  if (data.length === 0 || data.length > MAX_BYTES) return null;
  try {
    const { id, http } = FORM.parse(JSON.parse(data.toString()));
    return { id, http };
  } catch {
    return null;
  }
}
