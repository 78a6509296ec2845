/** Apache Kafka as one KRaft node that is broker and controller, from a Kafka folder or from its jars alone. */
import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isExecutable, onPath, realFile, runCommand } from './command';
import { NotHere, type Way } from './find';
import { checkKafka } from './health';
import { installed } from './install';
import type { Launch } from './server';

const VERSION = '4.1.0';
const OLDEST_JAVA = 17;
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

export const KAFKA_ADVICE =
  'Install Java 17 or later, and either Apache Kafka 4 (set KAFKA_HOME to its folder) or Maven with access to its repository; or set TOCSIN_KAFKA to the address of a running broker.';

export interface KafkaPlace {
  readonly cacheDir: string;
  /** A Kafka folder; without it KAFKA_HOME, then the folder of a kafka-server-start.sh on PATH. */
  readonly program?: string | undefined;
  readonly progress: (text: string) => void;
}

export interface KafkaProgram {
  readonly java: string;
  readonly classpath: string;
}

export function kafkaPrograms(place: KafkaPlace): Way<KafkaProgram>[] {
  const home = place.program ?? process.env.KAFKA_HOME;
  return [
    { what: home === undefined ? 'a Kafka folder (KAFKA_HOME, PATH)' : home, take: () => programIn(home) },
    {
      what: `Maven's org.apache.kafka:kafka_2.13:${VERSION}`,
      async take() {
        const java = await javaProgram();
        const install = {
          name: `kafka-${VERSION}`,
          what: `Kafka ${VERSION} from Maven`,
          fill: fillFromMaven,
        };
        return {
          java,
          classpath: join(await installed(place.cacheDir, install, place.progress), 'lib', '*'),
        };
      },
    },
  ];
}

async function programIn(configured: string | undefined): Promise<KafkaProgram> {
  const home = configured ?? (await homeOnPath());
  if (home === null) throw new NotHere('not found');
  const libs = join(home, 'libs');
  const jar = (await readdir(libs).catch(() => [])).find((name) => /^kafka_2\.\d+-\d[\d.]*\.jar$/.test(name));
  if (jar === undefined) throw new Error(`${libs} holds no Kafka`);
  const version = /-(\d+)\./.exec(jar)?.[1];
  if (Number(version) < 4) throw new Error(`${jar} is too old: Kafka 4 is needed`);
  return { java: await javaProgram(), classpath: join(libs, '*') };
}

async function homeOnPath(): Promise<string | null> {
  const script = await onPath('kafka-server-start.sh');
  return script === null ? null : dirname(dirname(await realFile(script)));
}

async function javaProgram(): Promise<string> {
  const ofHome = process.env.JAVA_HOME === undefined ? null : join(process.env.JAVA_HOME, 'bin', 'java');
  const java = ofHome !== null && (await isExecutable(ofHome)) ? ofHome : await onPath('java');
  if (java === null)
    throw new Error(`Kafka needs Java ${OLDEST_JAVA} or later, and there is no java on PATH`);
  const banner = await runCommand(java, ['-version'], { timeoutMs: 30_000 });
  // Java 8 calls itself 1.8.
  const version = Number(/version "(?:1\.)?(\d+)/.exec(banner)?.[1] ?? 0);
  if (version < OLDEST_JAVA)
    throw new Error(`Kafka needs Java ${OLDEST_JAVA} or later, and ${java} is Java ${version}`);
  return java;
}

async function fillFromMaven(folder: string): Promise<void> {
  if ((await onPath('mvn')) === null) throw new Error('there is no mvn on PATH');
  await writeFile(join(folder, 'pom.xml'), POM);
  await runCommand(
    'mvn',
    ['-q', '-B', `${PLUGIN}:copy-dependencies`, `-DoutputDirectory=${join(folder, 'lib')}`],
    {
      cwd: folder,
    },
  );
  await access(join(folder, 'lib', `kafka_2.13-${VERSION}.jar`));
}

/** slf4j-simple is there so that the broker's warnings reach the log at all. */
const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>tocsin</groupId><artifactId>kafka-server</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

const JVM_OPTIONS = [
  '-Xmx384m',
  // With a heap this small the threads of a concurrent collector only take the processors from others.
  '-XX:+UseSerialGC',
  '-XX:+ExitOnOutOfMemoryError',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];

export function kafkaLaunch(program: KafkaProgram, dataDir: string): Launch {
  const folder = join(dataDir, 'kafka');
  return {
    name: 'kafka',
    command: program.java,
    cwd: folder,
    stopSignal: 'SIGTERM',
    // 9093 and 9094, which are usual for controllers, are Alertmanager's.
    standardPorts: [9092, 29_093],
    async prepare([port, controllerPort]) {
      const properties = join(folder, 'server.properties');
      await mkdir(folder, { recursive: true });
      await writeFile(properties, serverProperties(join(folder, 'data'), port ?? 0, controllerPort ?? 0));
      await formatOnce(program, folder, properties);
      return [...JVM_OPTIONS, '-cp', program.classpath, 'kafka.Kafka', properties];
    },
    check: ([port]) => checkKafka([`127.0.0.1:${port}`]),
  };
}

async function formatOnce(program: KafkaProgram, folder: string, properties: string): Promise<void> {
  const formatted = await access(join(folder, 'data', 'meta.properties')).then(
    () => true,
    () => false,
  );
  if (formatted) return;
  const id = clusterId(randomBytes(16));
  // It runs for a moment: compiling it well would take longer.
  const tool = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    program.classpath,
    'kafka.tools.StorageTool',
  ];
  await runCommand(program.java, [...tool, 'format', '-t', id, '-c', properties, '--ignore-formatted'], {
    cwd: folder,
  });
}

/** Of 16 random bytes. The tool takes a word that begins with `-` for an option of its own. */
export function clusterId(random: Uint8Array): string {
  const bytes = Buffer.from(random);
  bytes[0]! &= 0x7f;
  return bytes.toString('base64url');
}

function serverProperties(logDir: string, port: number, controllerPort: number): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${logDir}
auto.create.topics.enable=false
num.partitions=12
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=2097152
`;
}
