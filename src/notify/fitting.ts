/**
 * Keeps a payload within what receivers take: a page that is refused for its size tells nobody. The largest findings and
 * step details give way first, each to a word on where it is; what people read stays whole.
 */
import type { NotificationPayload } from '../domain/notification';

/** Half of the least that a receiver over HTTP commonly takes. */
export const MAX_PAYLOAD_BYTES = 512 * 1_024;

const LEFT_OUT = { left_out: 'too large for a message; `tocsin alerts show` has it' };

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

export function fitting(payload: NotificationPayload): NotificationPayload {
  let excess = bytesOf(payload) - MAX_PAYLOAD_BYTES;
  if (excess <= 0) return payload;
  const parts = [
    ...payload.enrichment_artifacts.map(({ data }) => data),
    ...payload.remediation_steps.map(({ details }) => details),
  ].map((part, index) => ({ index, bytes: bytesOf(part) }));
  const out = new Set<number>();
  for (const { index, bytes } of parts.sort((a, b) => b.bytes - a.bytes)) {
    if (excess <= 0) break;
    out.add(index);
    excess -= bytes - bytesOf(LEFT_OUT);
  }
  const artifacts = payload.enrichment_artifacts.length;
  return {
    ...payload,
    enrichment_artifacts: payload.enrichment_artifacts.map((artifact, index) =>
      out.has(index) ? { ...artifact, data: LEFT_OUT } : artifact,
    ),
    remediation_steps: payload.remediation_steps.map((step, index) =>
      out.has(artifacts + index) ? { ...step, details: LEFT_OUT } : step,
    ),
  };
}
