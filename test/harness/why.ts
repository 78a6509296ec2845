/** What `why` says of an alert of a `ServeScene`, by its `host` label. */
import type { ServeProcess } from './serve';
import { waitFor } from './wait-for';

export interface Statement {
  readonly kind: string;
  readonly stage: string;
  readonly at: string | null;
  readonly until: string | null;
  readonly integration: string | null;
  readonly by: readonly Record<string, unknown>[];
  readonly text: string;
}

export interface Why {
  readonly routes: readonly { readonly receiver: string; readonly statements: readonly Statement[] }[];
}

interface Listed {
  readonly fingerprint: string;
  readonly labels: Record<string, string>;
}

export async function fingerprintOf(serve: ServeProcess, host: string): Promise<string> {
  const listed = await serve.get<Listed[]>('/api/v2/alerts');
  const found = listed.find(({ labels }) => labels.host === host);
  if (found === undefined) throw new Error(`no alert of ${host} in ${JSON.stringify(listed)}`);
  return found.fingerprint;
}

export const whyOf = async (serve: ServeProcess, host: string): Promise<Why> =>
  serve.get<Why>(`/api/tocsin/v1/why?fingerprint=${await fingerprintOf(serve, host)}`);

/**
 * The statement of this kind, once there is one. A page that has arrived is `told` only when that is on record: a process
 * that dies in between leaves it to be told again.
 */
export async function untilSaid(serve: ServeProcess, host: string, kind: string): Promise<Statement> {
  return waitFor(
    async () => {
      const said = (await whyOf(serve, host)).routes.flatMap(({ statements }) => statements);
      const found = said.find((statement) => statement.kind === kind);
      if (found === undefined) throw new Error(`said is ${JSON.stringify(said)}`);
      return found;
    },
    { what: `${kind} of ${host}`, timeoutMs: 20_000 },
  );
}
