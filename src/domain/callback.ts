/** What goes out to services so that they come back with it: addresses, buttons. Both ends have to agree on it. */

/** What a click on a button in Slack comes back with; the button's value names the episode. */
export const SLACK_BUTTONS = { acknowledge: 'tocsin_acknowledge', silence: 'tocsin_silence' } as const;

/** How long the button silences. */
export const SILENCE_SECONDS = 3_600;

/** Below the address that services know. */
export const callbackPath = (...parts: readonly string[]): string =>
  ['/callbacks', ...parts.map(encodeURIComponent)].join('/');

/** A text inside XML. Control characters have no form in it. */
export const xmlText = (text: string): string =>
  text.replace(/[^\P{Cc}\t\n\r]/gu, ' ').replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
