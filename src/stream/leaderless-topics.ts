/**
 * kafkajs 2.2.4 refuses a broker's whole answer about topics when a single partition in it has no leader, be it of a topic that
 * is nobody's business here. Whoever asks for all topics wants to know what there is, and is given the answer as it
 * is: a partition without a leader has leader -1 in it. Whoever names topics is about to use them: kafkajs goes on asking
 * until they are led.
 */
import { createRequire } from 'node:module';

/** What is used here of kafkajs' own description of a request and its response. */
interface Exchange {
  readonly request: unknown;
  readonly response: {
    readonly decode: (bytes: Buffer) => Promise<unknown>;
    /** Throws where the response bears an error. */
    readonly parse: (decoded: unknown) => Promise<unknown>;
  };
}
type Asking = (asked: { readonly topics: readonly string[] }) => Exchange;

const metadata = createRequire(__filename)('kafkajs/src/protocol/requests/metadata') as {
  protocol(of: { readonly version: number }): Asking;
};
const { protocol } = metadata;

export function listLeaderlessTopics(): void {
  metadata.protocol = (of) => {
    const ask = protocol(of);
    return (asked) => (asked.topics.length === 0 ? asItIs(ask(asked)) : ask(asked));
  };
}

const asItIs = ({ request, response }: Exchange): Exchange => ({
  request,
  response: { ...response, parse: (decoded) => Promise.resolve(decoded) },
});
