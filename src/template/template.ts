/**
 * Go's text/template: the language in which Prometheus' rules and Alertmanager's notifications are written. A text is
 * compiled once and executed many times. Which functions there are beyond Go's own is the caller's matter, see
 * `prometheus.ts`.
 *
 * Differences to Go: there are no complex numbers and no functions as values, half of a character becomes U+FFFD, and
 * an execution is bounded (`limits.ts`).
 */
import { execute } from './execute/executor';
import type { MissingKey } from './execute/evaluator';
import { BUILTINS } from './functions/builtins';
import { DEFAULT_LIMITS, type Limits } from './limits';
import { isEmpty, parse } from './parse/parser';
import type { Source, Tree } from './parse/tree';
import { referencesOf, type Reference } from './references';
import { lookUp, type FunctionTable } from './value/functions';

export { TemplateError } from './template-error';
export type { MissingKey } from './execute/evaluator';
export type { Reference } from './references';

export interface TemplateOptions {
  /** Stands in errors, and is the name of the main template. */
  readonly name: string;
  /** What there is beside Go's own functions; one of the same name takes the place of Go's. */
  readonly functions?: FunctionTable;
  /**
   * What a key is that a map does not have: `default` prints `<no value>`, `zero` is the zero value of the map's
   * elements, `error` is an error. `default` where nothing is said.
   */
  readonly missingKey?: MissingKey;
  /** Actions of the owner before the text, such as `{{$labels := .Labels}}`: on one line, and in no error's column. */
  readonly prelude?: string;
  /** Texts whose definitions this one may call and, by defining the same name, replace. */
  readonly library?: readonly Source[];
  /** Whether the output is an HTML document: values are escaped then, as html/template does. */
  readonly isHtml?: boolean;
  /** What one execution may use, where that is more or less than usual. */
  readonly limits?: Limits;
}

export interface Template {
  readonly name: string;
  /** What the text refers to; what the prelude and the library do is left out. */
  readonly references: readonly Reference[];
  /** The names that the text and its library define, the main template's among them. */
  readonly definitions: readonly string[];
  /**
   * The text for this data, which may hold what `toValue` accepts. Functions may be given anew for each execution,
   * as those that ask a server or the time have to be. Throws TemplateError.
   */
  execute(data: unknown, functions?: FunctionTable): string;
}

/** Throws TemplateError for a text that is no template, or that calls a function that there is not. */
export function compileTemplate(text: string, options: TemplateOptions): Template {
  const { name, prelude = '', missingKey = 'default', library = [] } = options;
  const { isHtml = false, limits = DEFAULT_LIMITS } = options;
  const functions: FunctionTable = { ...BUILTINS, ...options.functions };
  const isFunction = (word: string) => lookUp(functions, word) !== undefined;
  const source: Source = { name, text: prelude + text, prelude: prelude.length };
  const own = parse(source, isFunction);
  const trees = together([...library.map((other) => parse(other, isFunction)), own]);
  const main = trees.get(name)!;
  return {
    name,
    references: referencesOf(main, own.values()),
    definitions: [...trees.keys()],
    execute: (data, more) =>
      execute({ trees, functions: { ...functions, ...more }, missingKey, isHtml, limits }, main, data),
  };
}

/** A later source's definition replaces an earlier one, unless it is empty. */
function together(sources: readonly Map<string, Tree>[]): Map<string, Tree> {
  const trees = new Map<string, Tree>();
  for (const tree of sources.flatMap((source) => [...source.values()])) {
    if (!trees.has(tree.name) || !isEmpty(tree.root)) trees.set(tree.name, tree);
  }
  return trees;
}
