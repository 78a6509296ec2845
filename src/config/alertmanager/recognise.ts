/** Which of the two configurations a file holds: Alertmanager's or Tocsin's own. Both have a route and receivers. */
import { basename } from 'node:path';
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import { configSchema } from '../schema';
import { keysAt } from '../schema-keys';
import { readYaml, textOf } from './yaml-text';

/** What only Alertmanager's has, at the top and in its root route. */
const SECTIONS = ['global', 'inhibit_rules', 'templates', 'time_intervals', 'mute_time_intervals'];
const OF_ROUTE = ['receiver', 'routes', 'group_by', 'group_wait', 'group_interval', 'repeat_interval'];

/** By the keys at the top; by the file's name where there is nothing to go by. */
export function isAlertmanager(text: string, file: string): boolean {
  const { root } = readYaml(text);
  if (root === null || !isMap(root)) return basename(file).startsWith('alertmanager');
  const keys = keysOf(root);
  const shared = ['route', 'receivers'];
  if (keysAt(configSchema, [], {}).some((key) => !shared.includes(key) && keys.includes(key))) return false;
  return (
    keys.some((key) => SECTIONS.includes(key)) ||
    keysOf(root.get('route', true)).some((key) => OF_ROUTE.includes(key)) ||
    hasIntegrations(root.get('receivers', true))
  );
}

function hasIntegrations(receivers: unknown): boolean {
  return (
    isSeq(receivers) && receivers.items.some((each) => keysOf(each).some((key) => key.endsWith('_configs')))
  );
}

const keysOf = (node: unknown): string[] =>
  isMap(node) ? (node as YAMLMap<Node>).items.flatMap(({ key }) => (isScalar(key) ? [textOf(key)] : [])) : [];
