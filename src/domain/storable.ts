/** Texts as Postgres can have them: it knows neither NUL nor half a surrogate pair. Both become the replacement character. */

export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

export const toStorable = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd');
