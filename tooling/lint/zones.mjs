/**
 * Who may import whom, room by room: what `tocsin/import-zones` enforces. A room that is not listed may import nothing,
 * so a new folder has to be given its place here.
 *
 * - `rooms`: rooms (or single files, without extension) whose code may be imported; `types`: only `import type`.
 * - `packages`: npm packages and `node:*`; ANY leaves out the drivers, which have their own homes below.
 */

export const ANY = '*';
export const EVERYTHING = ['**'];

/** A room's face to its neighbours. Ports hold types only. */
const PORTS = ['src/*/port'];

const stage = (room, more = {}) => ({
  room,
  rooms: ['src/domain', 'src/observe', ...(more.rooms ?? [])],
  types: [...PORTS, ...(more.types ?? [])],
  packages: more.packages ?? ANY,
});

export const ZONES = [
  { room: 'src/domain', rooms: [], types: [], packages: ['re2js'] },
  {
    room: 'src/promql',
    rooms: ['src/domain'],
    types: [],
    packages: ['@lezer/*', '@prometheus-io/lezer-promql', 're2js'],
  },
  { room: 'src/template', rooms: ['src/domain'], types: [], packages: ['re2js'] },

  // Its value has sections in the form that each room takes.
  {
    room: 'src/config',
    rooms: ['src/domain', 'src/promql', 'src/template'],
    types: [...PORTS, 'src/observe'],
    packages: ANY,
  },
  { room: 'src/observe', rooms: ['src/domain'], types: [], packages: ANY },

  stage('src/collect'),
  stage('src/stream'),
  stage('src/evaluate', { rooms: ['src/promql', 'src/template'] }),
  stage('src/query', { rooms: ['src/promql'] }),
  stage('src/dispatch'),
  stage('src/mute'),
  stage('src/enrich'),
  stage('src/remediate'),
  // The integrations of alertmanager.yml take its options under the names that they have in the file.
  stage('src/notify', { rooms: ['src/template'], types: ['src/config/alertmanager'] }),
  stage('src/oncall'),
  stage('src/audit'),
  stage('src/history'),
  stage('src/warehouse'),
  // What a configuration would do: the routes and mutes that run, over alerts that need not be there.
  stage('src/whatif', { rooms: ['src/dispatch', 'src/mute'] }),
  stage('src/api'),
  // The one room that speaks to the Temporal server: it sends the workflows' messages and starts them by their types.
  stage('src/temporal', { rooms: ['workflows/messages'], types: ['workflows'] }),

  // Bundled into Temporal's sandbox: what is imported here has to run there.
  {
    room: 'workflows',
    rooms: ['src/domain', 'runbooks'],
    types: ['activities', ...PORTS],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  {
    room: 'runbooks',
    rooms: ['src/domain'],
    types: [],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  {
    room: 'activities',
    rooms: ['src/domain'],
    types: PORTS,
    packages: ['@temporalio/activity', '@temporalio/common'],
  },

  { room: 'src/dev', rooms: ['src/domain', 'src/observe'], types: PORTS, packages: ANY },
  { room: 'workers', rooms: EVERYTHING, types: [], packages: ANY },
  { room: 'src/cli', rooms: EVERYTHING, types: [], packages: ANY },

  { room: 'test', rooms: EVERYTHING, types: [], packages: ANY },
  { room: 'bench', rooms: EVERYTHING, types: [], packages: ANY },
];

/** Rooms that nobody imports but those named. */
export const PRIVATE = [
  { room: 'src/cli', by: ['src/cli', 'test', 'bench'] },
  { room: 'workers', by: ['workers', 'src/cli', 'test', 'bench'] },
];

/** Where each driver lives. `workers` is no home: it wires rooms, it speaks to no server itself. */
const TRY_OUT = ['test', 'bench'];
const COMPOSITION = ['workers', 'src/cli'];
// The demo plays the application that breaks a database, and whoever receives the messages.
const DEMO = ['workers/demo'];
export const DRIVERS = [
  // src/dev asks the servers that it has started whether they are well.
  { packages: ['kafkajs', 'lz4-napi', 'snappy', 'avsc'], homes: ['src/stream', 'src/dev', ...TRY_OUT] },
  { packages: ['pg'], homes: ['src/history', 'src/collect/postgres', 'src/dev', ...DEMO, ...TRY_OUT] },
  { packages: ['mongodb'], homes: ['src/collect/mongodb', ...TRY_OUT] },
  { packages: ['mssql', 'tedious'], homes: ['src/collect/mssql', ...TRY_OUT] },
  { packages: ['snowflake-sdk'], homes: ['src/collect/snowflake', 'src/warehouse', ...TRY_OUT] },
  { packages: ['systeminformation'], homes: ['src/collect/host', ...TRY_OUT] },
  { packages: ['luxon'], homes: ['src/oncall', ...TRY_OUT] },
  {
    packages: ['undici'],
    homes: ['src/notify/channels', 'src/notify/integrations', 'src/enrich', 'src/collect', ...TRY_OUT],
  },
  // src/dev has a small notification service of its own.
  {
    packages: ['nodemailer'],
    homes: ['src/notify/channels', 'src/notify/integrations', 'src/dev', ...TRY_OUT],
  },
  {
    packages: ['@aws-sdk/client-sns', '@aws-sdk/credential-providers'],
    homes: ['src/notify/integrations', ...TRY_OUT],
  },
  { packages: ['smtp-server', 'postal-mime'], homes: ['src/dev', ...DEMO, ...TRY_OUT] },
  { packages: ['@temporalio/client'], homes: ['src/temporal', 'src/dev', ...TRY_OUT] },
  { packages: ['@temporalio/worker'], homes: ['src/temporal', ...COMPOSITION, ...TRY_OUT] },
  { packages: ['@temporalio/activity'], homes: ['activities', ...TRY_OUT] },
  { packages: ['@temporalio/workflow'], homes: ['workflows', 'runbooks', ...TRY_OUT] },
  { packages: ['@temporalio/testing'], homes: TRY_OUT },
];
