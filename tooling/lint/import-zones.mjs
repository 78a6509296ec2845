/**
 * The rule `tocsin/import-zones`: every import is checked against the table in `zones.mjs`. Unlike the restrictions
 * that ESLint brings, it lists what is allowed, tells type imports from others, and sees `import()`, `require()` and
 * re-exports too. Paths are relative by convention, so no resolver is needed.
 */
import { posix, relative, sep } from 'node:path';
import { isBuiltin } from 'node:module';
import { ANY, DRIVERS, PRIVATE, ZONES } from './zones.mjs';

/** Whether `path` is `pattern` or lies in it; `*` stands for one name, `**` for everything. */
function within(path, pattern) {
  if (pattern === '**') return true;
  const names = path.split('/');
  return pattern.split('/').every((name, i) => (name === '*' ? names[i] !== undefined : name === names[i]));
}

const withinAny = (path, patterns) => patterns.some((pattern) => within(path, pattern));

function packageName(specifier) {
  if (isBuiltin(specifier)) return `node:${specifier.replace(/^node:/, '')}`;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** What is wrong with `file` importing `specifier`, as { messageId, data }, or null. Paths are relative to the root, without extension. */
export function judgeImport(file, specifier, typeOnly) {
  const zone = ZONES.find(({ room }) => within(file, room));
  if (zone === undefined) return { messageId: 'noRoom', data: { file } };
  return specifier.startsWith('.')
    ? judgeRoom(zone, file, specifier, typeOnly)
    : judgePackage(zone, file, specifier);
}

function judgeRoom(zone, file, specifier, typeOnly) {
  const target = posix.join(posix.dirname(file), specifier).replace(/\.(ts|js|json)$/, '');
  if (within(target, zone.room)) return null;
  const hidden = PRIVATE.find(({ room, by }) => within(target, room) && !withinAny(file, by));
  if (hidden) return { messageId: 'hidden', data: { target, by: hidden.by.join(', ') } };
  if (withinAny(target, zone.rooms)) return null;
  const typesAllowed = withinAny(target, zone.types);
  if (typesAllowed && typeOnly) return null;
  return { messageId: typesAllowed ? 'typesOnly' : 'room', data: { room: zone.room, target } };
}

function judgePackage(zone, file, specifier) {
  const name = packageName(specifier);
  const driver = DRIVERS.find(({ packages }) => packages.includes(name));
  if (driver && !withinAny(file, driver.homes)) {
    return { messageId: 'driver', data: { name, homes: driver.homes.join(', ') } };
  }
  if (driver || zone.packages === ANY) return null;
  return withinAny(name, zone.packages) ? null : { messageId: 'package', data: { room: zone.room, name } };
}

/** `import type …`, and imports all of whose names are marked `type`. */
function isTypeOnly(node) {
  if (node.importKind === 'type' || node.exportKind === 'type') return true;
  const names = node.specifiers ?? [];
  return names.length > 0 && names.every((name) => name.importKind === 'type' || name.exportKind === 'type');
}

const messages = {
  room: '{{room}} may not import {{target}}.',
  typesOnly: '{{room}} may import only the types of {{target}}: write `import type`.',
  package: '{{room}} may not import the package {{name}}.',
  driver: '{{name}} may be imported only in: {{homes}}.',
  hidden: '{{target}} may be imported only by: {{by}}.',
  noRoom: '{{file}} is in no room: give it a place in tooling/lint/zones.mjs.',
};

export const importZones = {
  meta: { type: 'problem', schema: [], messages },
  create(context) {
    const path = relative(context.cwd, context.filename).split(sep).join('/');
    const file = path.replace(/\.(ts|js|mjs)$/, '');
    const check = (source, typeOnly) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const problem = judgeImport(file, source.value, typeOnly);
      if (problem) context.report({ node: source, ...problem });
    };
    const declaration = (node) => check(node.source, isTypeOnly(node));
    return {
      ImportDeclaration: declaration,
      ExportNamedDeclaration: declaration,
      ExportAllDeclaration: declaration,
      ImportExpression: (node) => check(node.source, false),
      TSImportEqualsDeclaration: (node) => check(node.moduleReference.expression, node.importKind === 'type'),
      TSImportType: (node) => check(node.source ?? node.argument?.literal, true),
      'CallExpression[callee.name="require"]': (node) => check(node.arguments[0], false),
      'CallExpression[callee.object.name="require"][callee.property.name="resolve"]': (node) =>
        check(node.arguments[0], false),
    };
  },
};
