/** Runs the TDS server as a process: node serve.mjs PORT POSTGRES_URL USER PASSWORD */
import pg from 'pg';
import { startTdsServer } from './tds-server.mjs';

const [port, postgres, user, password] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: postgres, max: 20 });
pool.on('error', () => undefined);
await startTdsServer({
  port: Number(port),
  user,
  password,
  query: (text, values) => pool.query({ text, values, rowMode: 'array' }),
});
