/** One text being read: what a kind of value is, the places of what was read, and what is wrong with it. */
import type { Node } from 'yaml';
import type { MatcherMode } from '../../domain/alertmanager-matchers';
import { pathText, type Finding, type Path, type Problem } from '../problems';
import { isNull, type Place, type YamlText } from './yaml-text';

export const REFUSED = Symbol('refused');
export type Refused = typeof REFUSED;

export interface Kind<T> {
  /** What null stands for. */
  readonly zero: T;
  /** What a key that is left out has. */
  readonly initial: T;
  /** Says to `reading` what is wrong. The node is neither an alias nor null. */
  read(node: Node, path: Path, reading: Reading): T | Refused;
}

export type ValueOf<K> = K extends Kind<infer T> ? T : never;

/** One text being read: its places, and what is wrong with it. */
export class Reading {
  readonly findings: Finding[] = [];
  /** Scalars that are never shown. */
  readonly secrets = new Set<Node>();
  private readonly places = new Map<string, Place>();

  constructor(
    readonly text: YamlText,
    readonly matcherMode: MatcherMode,
    /** Joins a path that is relative to the configuration's file. */
    readonly inFolder: (path: string) => string,
  ) {}

  /** The value of a node, or what null stands for. */
  valueOf<T>(kind: Kind<T>, node: Node | null, path: Path): T | Refused {
    if (node === null) return kind.zero;
    if (!this.places.has(pathText(path))) this.places.set(pathText(path), this.text.placeOf(node));
    const target = this.text.resolved(node);
    return isNull(target) ? kind.zero : kind.read(target, path, this);
  }

  /** So that what is wrong with a key, or with what should be there, points at it. */
  keep(path: Path, key: Node): void {
    this.places.set(pathText(path), this.text.placeOf(key));
  }

  refuse(finding: Finding): Refused {
    this.findings.push(finding);
    return REFUSED;
  }

  get errors(): number {
    return this.findings.filter(({ level }) => level !== 'warning').length;
  }

  /** With the place of the path, or of the nearest thing around it. */
  placed(finding: Finding, file: string | null): Problem {
    const { path } = finding;
    let place: Place | undefined;
    for (let depth = path.length; depth > 0 && place === undefined; depth--) {
      place = this.places.get(pathText(path.slice(0, depth)));
    }
    return {
      level: finding.level ?? 'error',
      path: pathText(path),
      message: finding.message,
      value: finding.value ?? null,
      accepted: finding.accepted ?? null,
      suggestion: finding.suggestion ?? null,
      ...{ group: null, rule: null, file },
      line: place?.line ?? 1,
      column: place?.column ?? 1,
    };
  }
}
