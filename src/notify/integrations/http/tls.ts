/** What a TLS connection is made with: files are read anew for each message, since certificates are renewed. */
import { readFileSync } from 'node:fs';
import type { SecureVersion } from 'node:tls';
import { messageOf } from '../../../domain/errors';
import type { TlsConfig } from '../../../config/alertmanager/http-config';
import { Passing } from '../outcome';
import type { Secrets } from '../secrets';

export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
  readonly minVersion: SecureVersion;
  readonly maxVersion?: SecureVersion;
}

const VERSIONS: Readonly<Record<'TLS10' | 'TLS11' | 'TLS12' | 'TLS13', SecureVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

export function tlsMaterial(config: TlsConfig, secrets: Secrets): TlsMaterial {
  const ca = config.ca || fileText(config.ca_file);
  const cert = config.cert || fileText(config.cert_file);
  const key = secrets.reveal(config.key, config.key_file);
  return {
    ...(ca !== '' && { ca }),
    ...(cert !== '' && { cert }),
    ...(key !== '' && { key }),
    ...(config.server_name !== '' && { servername: config.server_name }),
    rejectUnauthorized: !config.insecure_skip_verify,
    minVersion: VERSIONS[config.min_version ?? 'TLS12'],
    ...(config.max_version !== null && { maxVersion: VERSIONS[config.max_version] }),
  };
}

function fileText(file: string): string {
  if (file === '') return '';
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Passing(`cannot read ${file}: ${messageOf(cause)}`);
  }
}
