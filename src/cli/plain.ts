/** Text that others wrote, made harmless for a terminal. */

/** Control characters of a text that others wrote could move the cursor or rename the window. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
export const plain = (text: string): string => text.replace(/\r\n?/g, '\n').replace(CONTROL, '�');
export const oneLine = (text: string): string => plain(text).replace(/\s*\n\s*/g, ' ');
