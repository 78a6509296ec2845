/** Which version of Tocsin this is: that of the package.json above the code, which is as true in `dist` as in the sources. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Three folders up in the sources and four in `dist`. */
export function packageFolder(from = __dirname): string {
  return existsSync(join(from, 'package.json')) ? from : packageFolder(dirname(from));
}

export function packageVersion(): string {
  const text = readFileSync(join(packageFolder(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
