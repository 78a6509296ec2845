/**
 * Codecs that kafkajs leaves to its user. Producers here write lz4. What others wrote is read as well, for one batch that
 * cannot be read holds up its partition for good: snappy in both of its forms (raw blocks, and the Xerial framing that the
 * Java client uses), and zstd, which Node 20 cannot write.
 */
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { decompress as unzstd } from 'fzstd';
import * as lz4 from 'lz4-napi';
import * as snappy from 'snappy';

/** kafkajs' encoder as codecs see it. */
interface Encoder {
  readonly buffer: Buffer;
}

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

async function unsnappy(data: Buffer): Promise<Buffer> {
  if (!data.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC))
    return Buffer.from(await snappy.uncompress(data));
  const blocks: Buffer[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < data.length;) {
    const length = data.readInt32BE(at);
    blocks.push(Buffer.from(await snappy.uncompress(data.subarray(at + 4, at + 4 + length))));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

/** kafkajs keeps its codecs in one table a process; registering them again changes nothing. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: (encoder: Encoder) => lz4.compressFrame(encoder.buffer),
    decompress: (data: Buffer) => lz4.decompressFrame(data),
  });
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: (encoder: Encoder) => snappy.compress(encoder.buffer),
    decompress: unsnappy,
  });
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: () => Promise.reject(new Error('zstd is only read here; write lz4')),
    decompress: (data: Buffer) => Promise.resolve(Buffer.from(unzstd(data))),
  });
}

export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export function compressionType(name: Compression): CompressionTypes {
  return {
    none: CompressionTypes.None,
    gzip: CompressionTypes.GZIP,
    snappy: CompressionTypes.Snappy,
    lz4: CompressionTypes.LZ4,
  }[name];
}
