/**
 * The Alertmanager whose API is answered, as its version stands where clients look for one: karma refuses to work with
 * anything before 0.22, amtool warns of another than its own. Tocsin's own version stands beside it, as the revision.
 */
export const ALERTMANAGER_VERSION = '0.34.2';

export const revisionOf = (version: string): string => `tocsin ${version}`;
