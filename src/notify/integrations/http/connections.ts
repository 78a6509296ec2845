/** Connections to servers, kept between messages until what they are made with changes. */
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { canonical } from '../../../domain/canonical';
import type { HttpConfig } from '../../../config/alertmanager/http-config';
import type { Secrets } from '../secrets';
import { proxyFor, type Environment } from './proxy';
import { tlsMaterial } from './tls';

type Options = Pick<
  HttpConfig,
  'tls_config' | 'proxy_url' | 'no_proxy' | 'proxy_from_environment' | 'proxy_connect_header'
>;

export interface Connections {
  /** Throws Passing when a certificate or secret cannot be read. */
  to(url: URL, secrets: Secrets): Dispatcher;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;

export function createConnections(options: Options, isHttp2: boolean, environment: Environment): Connections {
  /** By the way that they go; the secrets that a way is made with stand in its form. */
  const ways = new Map<string, { readonly form: string; readonly dispatcher: Dispatcher }>();
  return {
    to(url, secrets) {
      const proxy = proxyFor(url, options, environment);
      const way = `${proxy ?? ''} ${url.protocol}`;
      const tls = { ...tlsMaterial(options.tls_config, secrets), timeout: CONNECT_TIMEOUT_MS };
      const headers = proxy === null ? {} : connectHeaders(options, secrets);
      const form = canonical({ tls, headers });
      const known = ways.get(way);
      if (known?.form === form) return known.dispatcher;
      const dispatcher =
        proxy === null
          ? new Agent({ connect: tls, allowH2: isHttp2 })
          : throughProxy(secrets.note(proxy), url, tls, headers);
      ways.set(way, { form, dispatcher });
      // Messages that are under way end as they began.
      void known?.dispatcher.close();
      return dispatcher;
    },
    close: async () => {
      await Promise.all([...ways.values()].map(({ dispatcher }) => dispatcher.destroy()));
      ways.clear();
    },
  };
}

type Tls = ReturnType<typeof tlsMaterial> & { readonly timeout: number };

function throughProxy(uri: string, url: URL, tls: Tls, headers: Record<string, string[]>): Dispatcher {
  const proxyTls = { ...tls, servername: undefined };
  // Only what is encrypted goes through a tunnel; other requests are the proxy's to make.
  return new ProxyAgent({ uri, headers, requestTls: tls, proxyTls, proxyTunnel: url.protocol === 'https:' });
}

const connectHeaders = (options: Options, secrets: Secrets): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(options.proxy_connect_header).map(([name, values]) => [
      name,
      values.map((value) => secrets.reveal(value, '')),
    ]),
  );
