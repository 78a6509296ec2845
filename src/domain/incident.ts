/**
 * Incidents: alerts that belong together and are told as one. An incident is told of through the queue of messages like an
 * alert's episode: its reference stands where a fingerprint does, the time at which it was opened where the episode does.
 */

/** `INC-7`: no fingerprint reads so. */
export const incidentRef = (id: number): string => `INC-${id}`;

/** Null for what names no incident. `7` and `inc-7` are what people type. */
export function parseIncidentRef(text: string): number | null {
  const found = /^(?:INC-)?([1-9]\d{0,14})$/i.exec(text.trim());
  return found === null ? null : Number(found[1]);
}

export const isIncidentRef = (fingerprint: string): boolean => fingerprint.startsWith('INC-');

/** As a button brings it back; null for what is none: it comes from outside. The other way is `episodeRef`. */
export function parseIncidentEpisode(text: string): { id: number; episode: number } | null {
  const found = /^INC-([1-9]\d{0,14}):(\d{1,15})$/.exec(text);
  return found === null ? null : { id: Number(found[1]), episode: Number(found[2]) };
}

/** The steps of an incident's messages; it ends with `resolved`, as an episode does. */
export const INCIDENT_OPENED = 'incident';
export const raisedStep = (count: number): string => `raised-${count}`;
export const commanderStep = (count: number): string => `commander-${count}`;

/** All of its open alerts are taken, and when one of them asks for somebody again. */
export const takenStep = (isTaken: boolean, count: number): string =>
  `${isTaken ? 'acknowledged' : 'unacknowledged'}-${count}`;

export const tellsOfRaise = (step: string): boolean => /^raised-\d+$/.test(step);
export const tellsOfCommander = (step: string): boolean => /^commander-\d+$/.test(step);
