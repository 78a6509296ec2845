/** Chooses ports that nobody listens on. */
import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';

const HOST = '127.0.0.1';

/**
 * Below the range from which systems hand out ports to clients (32768 on Linux). A client that keeps knocking at a stopped
 * server's port could otherwise be given that very port as its own, connect to itself, and keep the server from coming back.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** For each wish the first port in its list that is free, or else any free one; all different. */
export async function choosePorts(wishes: readonly (readonly number[])[]): Promise<number[]> {
  const chosen: number[] = [];
  for (const wish of wishes) chosen.push(await choosePort(wish, chosen));
  return chosen;
}

export async function isFree(port: number): Promise<boolean> {
  // Both ways: some systems let two sockets listen on one port when their addresses differ.
  return !(await answers(port)) && (await canListen(port));
}

async function choosePort(wishes: readonly number[], taken: readonly number[]): Promise<number> {
  for (const port of wishes) if (!taken.includes(port) && (await isFree(port))) return port;
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST, timeout: 1_000 });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
