/** Names of headers of HTTP and mail. */

const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

/** `content-type` → `Content-Type`; a name with other characters than a token's stays as it is. */
export function canonicalHeader(name: string): string {
  if (!TOKEN.test(name)) return name;
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
