/**
 * Plays an application that forgets its transaction: opens one as the role `orders_app` and then does nothing.
 * Usage: node examples/idle-session.mjs [postgres URL of somebody who may create the role]
 */
import pg from 'pg';

const url = process.argv[2] ?? process.env.TUTORIAL_DB ?? 'postgres://postgres@127.0.0.1:5432/postgres';

const admin = new pg.Client(url);
await admin.connect();
await admin.query(
  `do $$ begin create role orders_app login; exception when duplicate_object then null; end $$`,
);
await admin.end();

const own = new URL(url);
own.username = 'orders_app';
const session = new pg.Client({ connectionString: own.href, application_name: 'orders' });
session.on('error', (error) => {
  console.log(`${new Date().toISOString()} the session was ended: ${error.message}`);
  process.exit(0);
});
await session.connect();
await session.query('begin');
await session.query('select 1');
console.log(`${new Date().toISOString()} a transaction is open, and nothing happens in it; Ctrl-C ends it`);
