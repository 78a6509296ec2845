/**
 * kafkajs 2.2.4 looks a thousand times a second whether a request waits, on each connection and for as long as it is
 * open (tulios/kafkajs#1704): an idle process of some consumers uses a twentieth of a core for nothing. Its queue of
 * requests is made to look only while a request waits. A request that has to wait schedules the next look itself, and so
 * does each look that leaves some waiting.
 */
import { createRequire } from 'node:module';

/** What is used here of kafkajs' own class. */
export interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const { prototype } = createRequire(__filename)('kafkajs/src/network/requestQueue') as {
  readonly prototype: RequestQueue;
};
const schedule = prototype.scheduleCheckPendingRequests;

export function quietIdleConnections(): void {
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
