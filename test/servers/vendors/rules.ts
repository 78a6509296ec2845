/** What servers of notification services ask of a request: each broken rule is answered as the service answers it. */
import type { CaughtRequest, HttpAnswer } from '../../harness/http-catcher';

/** What a service makes of a request. */
export type Vendor = (request: CaughtRequest) => HttpAnswer;

export type Json = Readonly<Record<string, unknown>>;

/** The first broken rule's answer, or the success. */
export function judged(rules: readonly (readonly [boolean, HttpAnswer])[], success: HttpAnswer): HttpAnswer {
  return rules.find(([isKept]) => !isKept)?.[1] ?? success;
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

export const isPost = ({ method }: CaughtRequest): boolean => method === 'POST';

export const isJson = ({ headers, json }: CaughtRequest): boolean =>
  (headers['content-type'] ?? '').startsWith('application/json') && typeof json === 'object' && json !== null;

export const bodyOf = ({ json }: CaughtRequest): Json => (json ?? {}) as Json;

export const refusal = (status: number, body: unknown = {}): HttpAnswer => ({ status, body });

/** No field of these is left empty, and none is there that is not known. */
export const hasOnly = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).every((name) => names.includes(name));
