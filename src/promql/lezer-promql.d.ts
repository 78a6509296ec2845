/** The grammar's package declares its types for ES modules only, though it can be required as well. */
declare module '@prometheus-io/lezer-promql' {
  export const parser: import('@lezer/lr').LRParser;
}
