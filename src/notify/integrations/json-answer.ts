/** The object that an answer's body is; null when it is none. */
export function asObject(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** The texts among some values, as one. */
export const texts = (values: readonly unknown[]): string =>
  values
    .flat()
    .filter((value) => typeof value === 'string' && value !== '')
    .join(', ');
