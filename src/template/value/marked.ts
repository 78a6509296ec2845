/** Texts that say of themselves that they are safe somewhere in HTML: `template.HTML` and `template.URL`. */
import { GoObject, type Value } from './values';

const MARKUP = 'template.HTML';
const URL = 'template.URL';

const marked = (type: string, text: string): GoObject =>
  new GoObject({ type, text: () => text, subject: text });

export const markup = (text: string): GoObject => marked(MARKUP, text);
export const safeUrl = (text: string): GoObject => marked(URL, text);

const isOf = (type: string, value: Value): boolean => value instanceof GoObject && value.type === type;

export const isMarkup = (value: Value): boolean => isOf(MARKUP, value);
export const isUrl = (value: Value): boolean => isOf(URL, value);

/** The text that such a value stands for; undefined for any other. */
export const markedText = (value: Value): string | undefined =>
  isMarkup(value) || isUrl(value) ? ((value as GoObject).subject as string) : undefined;
