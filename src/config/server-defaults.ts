/** Where the servers are by the environment, for the keys that a tocsin.yaml leaves out: what it says goes before that. */
import type { Env } from './env';

const one = (text: string): string => text;
const separated = (text: string): string[] => text.split(',').map((part) => part.trim());

const SERVERS = [
  { variable: 'TOCSIN_KAFKA', section: 'kafka', key: 'brokers', read: separated },
  { variable: 'TOCSIN_TEMPORAL', section: 'temporal', key: 'address', read: one },
  { variable: 'TOCSIN_POSTGRES', section: 'postgres', key: 'url', read: one },
] as const;

/** `shown`: what stands for a variable's value, such as the reference to it; the value where it is left out. */
export function withServers(
  whole: unknown,
  env: Env,
  shown: (value: string, variable: string) => string = one,
): unknown {
  if (whole !== null && !isMapping(whole)) return whole;
  let filled = whole;
  for (const { variable, section, key, read } of SERVERS) {
    const text = env[variable];
    const before = filled?.[section] ?? {};
    if (!text || !isMapping(before) || filled?.[section] === null || before[key] !== undefined) continue;
    const value = read(text);
    const inPlace = Array.isArray(value) ? value.map((part) => shown(part, variable)) : shown(text, variable);
    filled = { ...filled, [section]: { ...before, [key]: inPlace } };
  }
  return filled;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
