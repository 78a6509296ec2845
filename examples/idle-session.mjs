/**
 * Plays an application that forgets its transaction: opens one as the role `orders_app` and then does nothing.
 * Usage: node examples/idle-session.mjs [postgres URL of somebody who may create the role]
 * Without the URL it takes TOCSIN_POSTGRES, else the server of the `tocsin dev` that runs in this folder.
 */
import { readFileSync } from 'node:fs';
import pg from 'pg';

const ROLE = 'orders_app';

function urlOfDev() {
  try {
    return JSON.parse(readFileSync('.tocsin/dev.json', 'utf8')).environment.TOCSIN_POSTGRES;
  } catch {
    throw new Error('give the URL of a PostgreSQL server, or start `tocsin dev` in this folder');
  }
}

/** With the password of the URL, whatever it had before. */
async function makeRole(url, password) {
  const admin = new pg.Client(url);
  await admin.connect();
  try {
    const { rowCount } = await admin.query('select 1 from pg_roles where rolname = $1', [ROLE]);
    const login = password === '' ? 'login' : `login password ${admin.escapeLiteral(password)}`;
    await admin.query(`${rowCount === 0 ? 'create' : 'alter'} role ${ROLE} ${login}`);
  } finally {
    await admin.end();
  }
}

async function openIdleSession(url) {
  const own = new URL(url);
  own.username = ROLE;
  const session = new pg.Client({ connectionString: own.href, application_name: 'orders' });
  session.on('error', (error) => {
    console.log(`${new Date().toISOString()} the session was ended: ${error.message}`);
    process.exit(0);
  });
  await session.connect();
  await session.query('begin');
  await session.query('select 1');
  console.log(`${new Date().toISOString()} a transaction is open, and nothing happens in it; Ctrl-C ends it`);
}

try {
  const url = process.argv[2] ?? process.env.TOCSIN_POSTGRES ?? urlOfDev();
  await makeRole(url, decodeURIComponent(new URL(url).password));
  await openIdleSession(url);
} catch (error) {
  console.error(`idle-session: ${error.message || error.code}`);
  process.exit(1);
}
