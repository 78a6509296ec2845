/** The application that services call back, over a store in memory and actions that are only written down. */
import { createHmac } from 'node:crypto';
import { createActs } from '../../../../src/api/callbacks/acts';
import { createIncidentActs } from '../../../../src/api/callbacks/incident-acts';
import { createCallbackApp } from '../../../../src/api/callbacks/app';
import type { CallbackOptions } from '../../../../src/api/callbacks/options';
import type { Caller, CallbackEvent } from '../../../../src/api/callbacks/port';
import type { ActionAnswer } from '../../../../src/domain/life';
import type {
  AlertRow,
  CallbackStore,
  IncidentAlert,
  IncidentRow,
  ToldAlert,
} from '../../../../src/history/port';
import { silentLogger } from '../../../../src/observe/observe';
import { alert } from '../../notify/test-notification';

export const NOW = Date.parse('2026-05-04T03:10:00Z');
export const EXTERNAL = 'https://tocsin.example.com';
export const PHONE = '+4915112345678';
export const secret = (value: string) => ({ reveal: () => value });

export const CALLERS: readonly Caller[] = [
  { service: 'pagerduty', receiver: 'pd', secrets: [secret('pd-old'), secret('pd-new')] },
  { service: 'slack', receiver: 'slack', secrets: [secret('slack-old'), secret('slack-new')] },
  {
    ...{ service: 'twilio', receiver: 'ana-sms', secrets: [secret('token'), secret('next-token')] },
    ...{ accountSid: 'AC1', phone: PHONE, person: 'ana' },
  },
  {
    ...{ service: 'twilio', receiver: 'ben-sms', secrets: [secret('token')] },
    ...{ accountSid: 'AC1', phone: '+4915100000000', person: null },
  },
  { service: 'pagerduty', receiver: 'one-way', secrets: [] },
];

export interface Did {
  readonly action: string;
  readonly fingerprint: string;
  readonly request: unknown;
}

interface World {
  rows?: AlertRow[];
  told?: ToldAlert[];
  incidents?: IncidentRow[];
  members?: IncidentAlert[];
}

export function scene(more: Partial<CallbackOptions> & World = {}) {
  const { rows = [alert()], told = [], incidents: _, members: __, ...options } = more;
  const did: Did[] = [];
  const answers: { url: string; body: unknown }[] = [];
  const events: CallbackEvent[] = [];
  const state: { error: Error | null; failing: string | null } = { error: null, failing: null };
  const act =
    (action: string) =>
    async (row: AlertRow, request: object): Promise<ActionAnswer> => {
      if (state.error !== null && (state.failing ?? row.fingerprint) === row.fingerprint) throw state.error;
      did.push({ action, fingerprint: row.fingerprint, request });
      return { state: 'ACKNOWLEDGED', message: `${(request as { owner: string }).owner} did ${action}` };
    };
  const actions = { acknowledge: act('acknowledge'), resolve: act('resolve'), silence: act('silence') };
  const lists = {
    find: async (fingerprint: string) => rows.find((row) => row.fingerprint === fingerprint) ?? null,
  };
  const acts = createActs({ lists, actions });
  const { incidents = [], members = [] } = more;
  const store = {
    find: async (id: number) => incidents.find((one) => one.id === id) ?? null,
    alerts: async () => members,
  };
  const { app, settled } = createCallbackApp({
    ...{ callers: CALLERS, acts, store: memoryStore(told) },
    incidentActs: createIncidentActs({ incidents: store, acts }),
    ...{ instance: 'blue', externalUrl: EXTERNAL, now: () => NOW, log: silentLogger() },
    personInSlack: (id) => (id === 'UANA' ? 'ana' : null),
    answerSlack: async (url, body) => void answers.push({ url, body }),
    onEvent: (event) => events.push(event),
    ...options,
  });
  const listening = app.listen({ host: '127.0.0.1', port: 0 });
  open.push(() => app.close());
  const call = async (url: string, init: RequestInit) => {
    const response = await fetch(`${await listening}${url}`, init);
    return { statusCode: response.status, body: await response.text() };
  };
  const post = (url: string, body: string, headers: Record<string, string>) =>
    call(url, { method: 'POST', body, headers });
  return { call, post, settled, did, answers, events, state };
}

const open: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(open.splice(0).map((close) => close())));

function memoryStore(told: readonly ToldAlert[]): CallbackStore {
  const known = new Set<string>();
  return {
    begin: async (source, id) => {
      if (known.has(`${source} ${id}`)) return false;
      known.add(`${source} ${id}`);
      return true;
    },
    end: async () => undefined,
    abandon: async (source, id) => void known.delete(`${source} ${id}`),
    openToldVia: async (receiver) => (receiver === 'ana-sms' ? told : []),
  };
}

export const sha256 = (key: string, text: string): string =>
  createHmac('sha256', key).update(text).digest('hex');

/** As the service's own documentation describes it. */
export function twilioSignature(token: string, url: string, fields: Record<string, string>): string {
  const names = Object.keys(fields).sort();
  const text = url + names.map((name) => name + fields[name]).join('');
  return createHmac('sha1', token).update(text).digest('base64');
}
