import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { loadAlertmanager } from '../../../src/config/alertmanager/load';
import { loadConfig } from '../../../src/config/load';

const ROOT = join(__dirname, '..', '..', '..');

interface Service {
  readonly image?: string;
  readonly build?: { readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: {
    readonly test: readonly string[];
    readonly interval: string;
    readonly retries: number;
  };
  readonly profiles?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const file = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(file.services);
const roles = services.filter(([, service]) => service.build !== undefined);

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** As compose fills in a service's environment when its caller's is empty. */
function environmentOf(service: Service): Record<string, string> {
  const entries = Object.entries(service.environment ?? {});
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value.replace(/\$\{\w+:-([^}]*)\}/g, '$1')]),
  );
}

describe('docker-compose.yml', () => {
  const validate = addFormats(new Ajv({ strict: false })).compile(
    // The schema names its dialect with https, which ajv knows by http alone.
    { ...(JSON.parse(read('test/fixtures/compose/compose-spec.json')) as object), $schema: undefined },
  );

  test('is what the Compose Specification allows', () => {
    validate(file);
    expect(validate.errors ?? []).toEqual([]);
  });

  test('would not pass with a wrong key', () => {
    const { kafka } = file.services;
    expect(validate({ ...file, services: { kafka: { ...kafka, helthcheck: {} } } })).toBe(false);
  });

  test.each(services)('%s has its image pinned by an exact version', (_name, { image }) => {
    expect(image).toMatch(/^[\w./-]+:v?\d+(\.\d+)*(\.\d+|-CU\d+)[\w.-]*$/);
  });

  test.each(services)('%s has a health check that ends', (_name, { healthcheck }) => {
    expect(healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/);
    expect(healthcheck?.test.length).toBeGreaterThan(1);
    expect(healthcheck).toMatchObject({ interval: expect.any(String), timeout: expect.any(String) });
    expect(healthcheck?.retries).toBeGreaterThan(0);
  });

  test('publishes every port on the loopback address alone, and none twice', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length);
  });

  test('waits for the health of everything that it depends on', () => {
    for (const [, service] of services) {
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(file.services).toHaveProperty(name);
        expect(condition).toBe('service_healthy');
      }
    }
  });

  test('declares the volumes that it mounts, and mounts files that are there', () => {
    for (const volume of services.flatMap(([, service]) => service.volumes ?? [])) {
      const source = volume.split(':')[0] ?? '';
      if (source.startsWith('./')) expect(() => read(source)).not.toThrow();
      else expect(file.volumes).toHaveProperty(source);
    }
  });

  test('starts every role, and what stands in for Alertmanager and other databases only on demand', () => {
    expect(roles.map(([, { command }]) => command)).toEqual([
      ['start', 'collector'],
      ['start', 'evaluator'],
      ['start', 'dispatcher'],
      ['start', 'effects'],
      ['start', 'notification-service'],
      expect.arrayContaining(['serve']),
    ]);
    const optional = services.filter(([, { profiles }]) => profiles !== undefined).map(([name]) => name);
    expect(optional).toEqual(['serve', 'sqlserver', 'mongodb']);
  });
});

describe('the images that roles are built from', () => {
  test('are pinned by an exact version', () => {
    const dockerfile = read(roles[0]?.[1].build?.dockerfile ?? '');
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
    expect(images.length).toBeGreaterThan(0);
    for (const image of images) expect(image).toMatch(/^node:20\.\d+\.\d+-/);
  });
});

describe('the mounted deploy/serve.yaml and deploy/alertmanager.yml', () => {
  const { serve } = file.services;

  test('load in the environment of serve, which has its receivers from the second alone', () => {
    const environment = environmentOf(serve!);
    expect(environment.TOCSIN_CONFIG).toBe('/etc/tocsin/serve.yaml');
    const config = loadConfig(join(ROOT, 'deploy', 'serve.yaml'), environment);
    expect(config.kafka.brokers).toEqual(['kafka:29092']);
    expect(config.warnings.map(({ path }) => path)).toEqual(['route.receivers']);
    expect(loadAlertmanager(join(ROOT, 'deploy', 'alertmanager.yml')).warnings).toEqual([]);
  });

  test('are where the command looks for them', () => {
    const mounted = serve!.volumes!.map((volume) => volume.split(':').slice(0, 2));
    expect(mounted).toContainEqual(['./deploy/serve.yaml', '/etc/tocsin/serve.yaml']);
    expect(mounted).toContainEqual(['./deploy/alertmanager.yml', '/etc/tocsin/alertmanager.yml']);
    expect(serve!.command).toContain('--alertmanager-config=/etc/tocsin/alertmanager.yml');
  });
});

describe('the mounted deploy/tocsin.yaml', () => {
  test.each(roles.filter(([name]) => name !== 'serve'))(
    'loads in the environment of %s, warned only of what compose guards',
    (_name, service) => {
      expect(service.volumes).toContain('./deploy/tocsin.yaml:/etc/tocsin/tocsin.yaml:ro');
      const environment = environmentOf(service);
      expect(environment.TOCSIN_CONFIG).toBe('/etc/tocsin/tocsin.yaml');
      const config = loadConfig(join(ROOT, 'deploy', 'tocsin.yaml'), environment);
      expect(config.warnings.map(({ path }) => path).sort()).toEqual([
        'http.host',
        'notification_service.listen',
      ]);
      // Metrics and readiness name targets and addresses: for the containers' network, and nobody beyond.
      expect(config.http).toEqual({ host: '0.0.0.0', port: 9464, advertise: null });
      expect((service.ports ?? []).filter((port) => port.endsWith(':9464'))).toEqual([]);
      expect(config.kafka.brokers).toEqual(['kafka:29092']);
      expect(config.temporal.address).toBe('temporal:7233');
    },
  );

  test('names hosts and ports that compose gives', () => {
    const [, service] = roles[0] ?? [];
    const { TOCSIN_KAFKA, TOCSIN_TEMPORAL, TOCSIN_POSTGRES, TOCSIN_NOTIFICATION_SERVICE, TOCSIN_SMTP_HOST } =
      environmentOf(service ?? {});
    const hosts = [TOCSIN_KAFKA, TOCSIN_TEMPORAL].map((address) => address?.split(':')[0]);
    hosts.push(new URL(TOCSIN_POSTGRES ?? '').hostname, new URL(TOCSIN_NOTIFICATION_SERVICE ?? '').hostname);
    for (const host of [...hosts, TOCSIN_SMTP_HOST]) expect(Object.keys(file.services)).toContain(host);
  });

  test('does not load when a variable is missing', () => {
    expect(() => loadConfig(join(ROOT, 'deploy', 'tocsin.yaml'), {})).toThrow(/TOCSIN_KAFKA/);
  });
});
