/**
 * Writes a template's texts and values into an HTML document: follows the document as far as it is written, and escapes
 * each value by the place where it stands, as Go's html/template does. Go decides that once from the template's text;
 * here it is decided while writing, which gives the same for every template that Go takes.
 *
 * Comments are left out, as in Go. A script is only told apart into inside and outside of its strings.
 */
import { escapeHtml } from '../functions/escaping';
import { isMarkup, isUrl } from '../value/marked';
import type { Value } from '../value/values';
import { attributeKind, type AttributeKind } from './attributes';
import {
  escapeMarkup,
  escapeScriptText,
  escapeText,
  escapeUnquoted,
  escapeUnquotedMarkup,
  escapeUrl,
  followable,
  HARMLESS,
  scriptValue,
  styleValue,
  unescapeHtml,
  withoutTags,
} from './escape';

/** Elements whose content is no markup. */
const RAW: ReadonlySet<string> = new Set(['script', 'style', 'title', 'textarea']);

/** A sign that opens nothing: a text, whatever a reader may take it for. */
const NO_TAG = /<(?!\/?[a-z]|!doctype)/gi;

type Quote = '"' | "'" | '';

interface Attribute {
  readonly kind: AttributeKind;
  readonly quote: Quote;
  /** How far the URL is: what comes first decides where it leads, behind `?` and `#` a value is one part of it. */
  urlPart: 'start' | 'path' | 'query';
}

type State = 'text' | 'comment' | 'tag' | 'name' | 'afterName' | 'beforeValue' | 'value' | 'raw';

export class HtmlWriter {
  private state: State = 'text';
  private element = '';
  private name = '';
  private attribute: Attribute = { kind: 'plain', quote: '', urlPart: 'start' };
  /** The quote of the string that a script is in. */
  private scriptQuote = '';

  /** A text of the template's author: it is written as it stands, without its comments. */
  text(source: string): string {
    let written = '';
    let at = 0;
    while (at < source.length) {
      const before = this.state;
      const end = this.step(source, at);
      const opened = this.state === 'comment' ? '<!--'.length : 0;
      const part = source.slice(at, end - opened);
      if (before === 'text') written += part.replace(NO_TAG, '&lt;');
      else if (before !== 'comment') written += part;
      at = end;
    }
    return written;
  }

  /**
   * A value. `printed`: as the template prints it. `escapedBy`: the function that made it, when that was one of Go's own
   * escapers: it is not escaped twice.
   */
  value(value: Value, printed: string, escapedBy: string | null): string {
    this.beforeValue();
    switch (this.state) {
      case 'comment':
        return '';
      case 'raw':
        return this.rawValue(value, printed, escapedBy);
      case 'name':
        return this.nameValue(printed);
      case 'value':
        return this.attributeValue(value, printed, escapedBy);
      default:
        return isMarkup(value) || escapedBy === 'html' ? printed : escapeText(printed);
    }
  }

  /** A value inside of a tag is the name of an attribute, and after `=` it is a value without quotes. */
  private beforeValue(): void {
    if (this.state === 'tag' || this.state === 'afterName') {
      this.name = '';
      this.state = 'name';
    }
    if (this.state === 'beforeValue') this.openValue('');
  }

  private rawValue(value: Value, printed: string, escapedBy: string | null): string {
    if (this.element === 'style') return styleValue(printed);
    if (this.element === 'script')
      return this.scriptQuote === '' ? scriptValue(printed) : escapeScriptText(printed);
    if (escapedBy === 'html') return printed;
    return isMarkup(value) ? escapeMarkup(printed) : escapeText(printed);
  }

  private nameValue(printed: string): string {
    const name = printed.toLowerCase();
    const isHarmless = /^[a-z0-9]+$/.test(name) && attributeKind(name) === 'plain';
    this.name += isHarmless ? name : HARMLESS;
    return isHarmless ? printed : HARMLESS;
  }

  private attributeValue(value: Value, printed: string, escapedBy: string | null): string {
    const { quote, kind } = this.attribute;
    if (kind === 'plain') return plainValue(value, printed, escapedBy, quote);
    // Markup has no meaning here: what it was made of is escaped in another way.
    const bare = escapedBy === 'html' ? unescapeHtml(printed) : printed;
    const text = this.special(kind, value, bare, escapedBy);
    if (quote === '') return escapeUnquoted(text);
    return escapedBy === 'html' ? escapeHtml(text) : escapeText(text);
  }

  private special(kind: AttributeKind, value: Value, printed: string, escapedBy: string | null): string {
    if (kind === 'style') return styleValue(printed);
    if (kind === 'script') return scriptValue(printed);
    if (this.attribute.urlPart === 'query') {
      return escapedBy === 'urlquery' ? printed : escapeUrl(printed, !isUrl(value));
    }
    const isFirst = this.attribute.urlPart === 'start' && !isUrl(value);
    return escapeUrl(isFirst ? followable(printed) : printed, false);
  }

  /** Goes on through the text from `at`; answers where to go on from. */
  private step(source: string, at: number): number {
    switch (this.state) {
      case 'text':
        return this.inText(source, at);
      case 'comment':
        return this.inComment(source, at);
      case 'raw':
        return this.inRaw(source, at);
      case 'tag':
        return this.inTag(source, at);
      case 'name':
        return this.inName(source, at);
      case 'afterName':
        return this.afterName(source, at);
      case 'beforeValue':
        return this.beforeQuote(source, at);
      case 'value':
        return this.inValue(source, at);
    }
  }

  private inText(source: string, at: number): number {
    const tag = /<(?:!--|(\/?)([a-z][a-z0-9:-]*))/gi;
    tag.lastIndex = at;
    const found = tag.exec(source);
    if (found === null) return source.length;
    const [whole, slash, name] = found;
    this.state = name === undefined ? 'comment' : 'tag';
    this.element = slash === '/' ? '' : (name ?? '').toLowerCase();
    return found.index + whole.length;
  }

  private inComment(source: string, at: number): number {
    const end = source.indexOf('-->', at);
    if (end < 0) return source.length;
    this.state = 'text';
    return end + '-->'.length;
  }

  private inRaw(source: string, at: number): number {
    const end = new RegExp(`</${this.element}(?=[> \\t\\n\\f/])`, 'gi');
    end.lastIndex = at;
    const found = end.exec(source);
    const until = found?.index ?? source.length;
    if (this.element === 'script') this.followScript(source.slice(at, until));
    if (found === null) return source.length;
    this.state = 'text';
    this.element = '';
    this.scriptQuote = '';
    return until;
  }

  private followScript(script: string): void {
    for (const [sign] of script.matchAll(/\\[^]|["'`]/g)) {
      if (sign.length > 1) continue;
      if (this.scriptQuote === '') this.scriptQuote = sign;
      else if (this.scriptQuote === sign) this.scriptQuote = '';
    }
  }

  private inTag(source: string, at: number): number {
    const start = blanksEnd(source, at);
    if (start === source.length) return start;
    if (source[start] === '>') {
      this.state = RAW.has(this.element) ? 'raw' : 'text';
      return start + 1;
    }
    if (source[start] === '/') return start + 1;
    this.name = '';
    this.state = 'name';
    return start;
  }

  private inName(source: string, at: number): number {
    const end = nextOf(/[\s=>/]/g, source, at);
    this.name += source.slice(at, end).toLowerCase();
    if (end < source.length) this.state = 'afterName';
    return end;
  }

  private afterName(source: string, at: number): number {
    const start = blanksEnd(source, at);
    if (start === source.length) return start;
    if (source[start] !== '=') {
      this.state = 'tag';
      return start;
    }
    this.state = 'beforeValue';
    return start + 1;
  }

  private beforeQuote(source: string, at: number): number {
    const start = blanksEnd(source, at);
    const sign = source[start];
    if (sign === undefined) return start;
    const quote = sign === '"' || sign === "'" ? sign : '';
    this.openValue(quote);
    return start + quote.length;
  }

  private openValue(quote: Quote): void {
    this.attribute = { kind: attributeKind(this.name), quote, urlPart: 'start' };
    this.state = 'value';
  }

  private inValue(source: string, at: number): number {
    const { attribute } = this;
    const end =
      attribute.quote === '' ? nextOf(/[\s>]/g, source, at) : endOfQuote(attribute.quote, source, at);
    const part = source.slice(at, end);
    if (/[#?]/.test(part)) attribute.urlPart = 'query';
    else if (part.trim() !== '' && attribute.urlPart === 'start') attribute.urlPart = 'path';
    if (end === source.length) return end;
    this.state = 'tag';
    return end + attribute.quote.length;
  }
}

function plainValue(value: Value, printed: string, escapedBy: string | null, quote: Quote): string {
  if (isMarkup(value)) return (quote === '' ? escapeUnquotedMarkup : escapeMarkup)(withoutTags(printed));
  if (quote === '') return escapeUnquoted(printed);
  return escapedBy === 'html' ? printed : escapeText(printed);
}

function blanksEnd(source: string, at: number): number {
  return nextOf(/\S/g, source, at);
}

function endOfQuote(quote: string, source: string, at: number): number {
  const end = source.indexOf(quote, at);
  return end < 0 ? source.length : end;
}

function nextOf(sign: RegExp, source: string, at: number): number {
  sign.lastIndex = at;
  return sign.exec(source)?.index ?? source.length;
}
