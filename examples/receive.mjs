/** Prints the messages that a webhook receiver is sent. Usage: node examples/receive.mjs [port] */
import { createServer } from 'node:http';

const port = Number(process.argv[2] ?? 9481);

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  response.end();
  const message = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  console.log(
    `\n${new Date().toISOString()}  ${message.subject}\n  message_id ${message.message_id}\n${message.body_text.replace(/^/gm, '  ')}`,
  );
}).listen(port, '127.0.0.1', () => console.log(`messages are awaited at http://127.0.0.1:${port}/`));
