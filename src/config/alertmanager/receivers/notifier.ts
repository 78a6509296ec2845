/** What the kinds of receivers have in common: how one is described, and how it takes from `global` what it does not say. */
import { isSet } from '../checks';
import { flag, optional } from '../kinds';
import { type Fields, mapping, type MappingOptions, type Values } from '../mappings';
import type { Kind } from '../reading';
import type { Finding, Path } from '../../problems';
import type { GlobalOptions } from '../global';
import { httpConfig, type HttpConfig } from '../http-config';

interface Description<N extends string, F extends Fields, O> extends MappingOptions<O> {
  readonly name: N;
  readonly sendResolved: boolean;
  readonly fields: F;
  /** What it takes from `global`; says what is missing in both. */
  readonly inherit?: (options: O, from: Inheritance) => O;
}

type Common = { send_resolved: Kind<boolean> };
type OverHttp = Common & { http_config: Kind<HttpConfig | null> };

/** A kind of receiver. `O`: its options, under the names that they have in the file. */
export interface NotifierKind<N extends string = string, O = unknown> {
  readonly name: N;
  readonly options: Kind<O | null>;
  /** What options have that are left out. */
  readonly defaults: O;
  readonly inherit: (options: O, from: Inheritance) => O;
}

/** The section `global` as one receiver's options see it. */
export class Inheritance {
  readonly findings: Finding[] = [];

  constructor(
    readonly global: GlobalOptions,
    private readonly path: Path,
  ) {}

  /** Says that neither the option nor its counterpart is there. */
  missing(option: string, counterpart?: string): void {
    const message = counterpart === undefined ? 'is missing' : `is missing, and so is global.${counterpart}`;
    this.findings.push({ path: [...this.path, option], message });
  }

  refuse(option: string, message: string): void {
    this.findings.push({ path: [...this.path, option], message });
  }
}

/** A kind that is sent over HTTP. Where it has no `http_config` of its own, the one of `global` holds. */
export function notifier<const N extends string, F extends Fields>(
  description: Description<N, F, Values<F & OverHttp>>,
): NotifierKind<N, Values<F & OverHttp>> {
  type Options = Values<F & OverHttp>;
  const { fields, inherit = (options) => options, ...others } = description;
  return notifierWithoutHttp<N, F & OverHttp>({
    ...others,
    fields: { send_resolved: flag(), http_config: httpConfig(), ...fields },
    inherit: (own, from) => {
      const all = inherit(own, from) as Options & { http_config: HttpConfig | null };
      return { ...all, http_config: all.http_config ?? from.global.http_config };
    },
  });
}

export function notifierWithoutHttp<const N extends string, F extends Fields>(
  description: Description<N, F, Values<F & Common>>,
): NotifierKind<N, Values<F & Common>> {
  const { name, sendResolved, fields, inherit = (options) => options, ...options } = description;
  const all = mapping<F & Common>({ ...fields, send_resolved: flag(sendResolved) }, options);
  return { name, options: optional(all), defaults: all.defaults, inherit };
}

/** The first that is there. */
export const firstSet = <T>(own: T, other: T): T => (isSet(own) ? own : other);

/** A URL whose path ends with a slash, because more is put behind it. */
export const withSlash = (url: string): string =>
  url.replace(/^[^?#]*/, (base) => (base.endsWith('/') ? base : `${base}/`));
