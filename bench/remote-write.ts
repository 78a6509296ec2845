/** Prometheus' remote write, version 1: protobuf by hand (three message types, no library) in a snappy block. */
import { compressSync } from 'snappy';
import { labelsOf, nameOfSeries, SERIES, valueAt } from './series';

const BYTES = 2;
const FIXED64 = 1;
const VARINT = 0;
const tag = (field: number, type: number): number => (field << 3) | type;

/** Series as they stand before their samples in every request. */
const heads = Array.from({ length: SERIES }, (_, series) => {
  const labels = Object.entries({ __name__: nameOfSeries(series), ...labelsOf(series) });
  labels.sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat(
    labels.map(([name, value]) => field(1, Buffer.concat([text(1, name), text(2, value)]))),
  );
});

/** Every series with its samples of these seconds. */
export function writeRequest(seconds: readonly number[], origin: number): Buffer {
  const all = heads.map((head, series) => {
    const samples = seconds.map((second) =>
      field(2, sample(valueAt(series, second, origin), second * 1_000)),
    );
    return field(1, Buffer.concat([head, ...samples]));
  });
  return compressSync(Buffer.concat(all));
}

function sample(value: number, time: number): Buffer {
  const head = Buffer.alloc(9);
  head[0] = tag(1, FIXED64);
  head.writeDoubleLE(value, 1);
  return Buffer.concat([head, Buffer.from([tag(2, VARINT), ...varint(time)])]);
}

function text(of: number, value: string): Buffer {
  return field(of, Buffer.from(value));
}

function field(of: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag(of, BYTES), ...varint(body.length)]), body]);
}

/** Times are longer than what shifts can take. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  bytes.push(value);
  return bytes;
}

export async function remoteWrite(url: string, body: Buffer): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`remote write: ${response.status} ${answer}`);
}
