/**
 * The floor of taking alerts: a process that parses what is posted, writes it to Kafka as it is and answers when Kafka has it.
 * It looks at nothing, makes no rows and tells nobody: `bare-acceptor.js BROKERS TOPIC`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createKafka } from '../src/stream/kafka';
import { createSender } from '../src/stream/sender';
import { answerRuns } from './child';

async function main([brokers, topic]: string[]): Promise<void> {
  const kafka = createKafka({ brokers: brokers!.split(','), clientId: topic! });
  const sender = createSender(kafka, { lane: 'bare', lingerMs: 0 });
  await sender.open();
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const alerts = JSON.parse(Buffer.concat(chunks).toString()) as { labels: { id: string } }[];
      const messages = alerts.map((alert) => ({
        key: alert.labels.id,
        value: Buffer.from(JSON.stringify(alert)),
      }));
      sender.send([{ topic: topic!, messages }]).then(
        () => response.end(),
        () => response.writeHead(503).end(),
      );
    });
  };
  const server = createServer(take);
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await answerRuns(() => Promise.resolve({ url }));
  server.close();
  server.closeAllConnections();
  await sender.close();
}

void main(process.argv.slice(2));
