/**
 * A MongoDB server that answers what a test decides: the wire protocol and BSON are real, the answers are those of the
 * documented commands, for what the FerretDB of `mongodb/` lacks (replica sets, opcounters, operations in progress).
 */
import net from 'node:net';
import { BSON, type Document } from 'mongodb';

/** An answer, `null` for a command that is unknown, or `'hangs'` for none at all. */
export type Answer = Document | null | 'hangs';

export interface MongoWire {
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

const HEADER_BYTES = 16;
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

const HELLO: Document = {
  ok: 1,
  ismaster: true,
  isWritablePrimary: true,
  helloOk: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  minWireVersion: 0,
  maxWireVersion: 21,
  readOnly: false,
};

/** Starts on a free port. `answer` sees a command as the driver sent it; handshakes and monitoring are answered here. */
export async function startMongoWire(answer: (command: Document) => Answer): Promise<MongoWire> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const message = received.subarray(0, received.readInt32LE(0));
        received = received.subarray(message.length);
        const reply = replyTo(message, answer);
        if (reply !== null) socket.write(reply);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    connections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function replyTo(message: Buffer, answer: (command: Document) => Answer): Buffer | null {
  const opcode = message.readInt32LE(12);
  const command = BSON.deserialize(message.subarray(documentAt(message, opcode)));
  const reply = answerTo(command, answer);
  return reply === 'hangs' ? null : encoded(reply, opcode, message.readInt32LE(4));
}

/** Where the command's document begins: after the flags and section kind, or after the legacy query's fields. */
function documentAt(message: Buffer, opcode: number): number {
  if (opcode === OP_MSG) return HEADER_BYTES + 4 + 1;
  return message.indexOf(0, HEADER_BYTES + 4) + 1 + 8;
}

function answerTo(command: Document, answer: (command: Document) => Answer): Document | 'hangs' {
  const [name] = Object.keys(command);
  if (name === 'hello' || name === 'ismaster' || name === 'isMaster') return HELLO;
  if (name === 'endSessions') return { ok: 1 };
  const told = answer(command);
  if (told === null)
    return { ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: `no such command: '${name}'` };
  return told === 'hangs' ? told : { ok: 1, ...told };
}

function encoded(reply: Document, opcode: number, requestId: number): Buffer {
  const body = BSON.serialize(reply);
  const legacy = opcode === OP_QUERY;
  const before = Buffer.alloc(legacy ? 20 : 5);
  if (legacy) before.writeInt32LE(1, 16);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeInt32LE(HEADER_BYTES + before.length + body.length, 0);
  header.writeInt32LE(requestId, 8);
  header.writeInt32LE(legacy ? OP_REPLY : OP_MSG, 12);
  return Buffer.concat([header, before, body]);
}
