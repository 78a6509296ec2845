/** What is wrong with a template, and where: the one error that this room throws. */

export interface TemplatePlace {
  /** The template's name as its owner gave it. */
  readonly name: string;
  readonly line: number;
  /** Bytes from the line's start, as Go counts them; only known while a template is executed. */
  readonly column?: number;
}

export class TemplateError extends Error {
  readonly template: string;
  readonly line: number;
  readonly column?: number;

  constructor(place: TemplatePlace, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TemplateError';
    this.template = place.name;
    this.line = place.line;
    this.column = place.column;
  }
}
