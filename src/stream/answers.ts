/**
 * Until when each broker's partitions have been read. kafkajs asks a broker again when all that it answered has been worked
 * through. An answer that was full may have left out partitions, and says nothing of them. Where a broker is gone, kafkajs goes
 * on as if it had nothing to give: what counts is that this node has responded.
 */
import type { Consumer } from 'kafkajs';

export interface Answered {
  now(): number;
  /** The node at an address, `host:port`; undefined for one that is not known. */
  nodeAt(address: string): number | undefined;
  /** Told again and again: what the node had at this time, of `now`, has been handed over. */
  tell(node: number, at: number): void;
}

export function followAnswers(consumer: Consumer, answered: Answered, fullBytes: number) {
  const answers = createAnswers(answered, fullBytes);
  const { FETCH_START, REQUEST, FETCH } = consumer.events;
  // The events give a node's id as text, whatever their types say.
  consumer.on(FETCH_START, ({ payload }) => answers.asked(Number(payload.nodeId)));
  consumer.on(REQUEST, ({ payload }) => {
    if (payload.apiName === 'Fetch') answers.responded(payload.broker, payload.size);
  });
  consumer.on(FETCH, ({ payload }) => answers.came(Number(payload.nodeId)));
  return answers;
}

export function createAnswers({ now, nodeAt, tell }: Answered, fullBytes: number) {
  /** By node, what became of its last question. */
  const questions = new Map<number, { responded: number | null; cameAt: number | null }>();
  return {
    asked(node: number): void {
      const last = questions.get(node);
      questions.set(node, { responded: null, cameAt: null });
      if (last === undefined || last.cameAt === null) return;
      if (last.responded! < fullBytes) tell(node, last.cameAt);
    },
    responded(address: string, bytes: number): void {
      const question = questions.get(nodeAt(address) ?? NaN);
      if (question !== undefined) question.responded = bytes;
    },
    came(node: number): void {
      const question = questions.get(node);
      if (question !== undefined && question.responded !== null) question.cameAt = now();
    },
    /** What was asked before does not count: it may be of other places. */
    forget: () => questions.clear(),
  };
}
