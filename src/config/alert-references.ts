/** Names that rules refer to: runbooks and receivers, metrics that are collected, and other rules' alerts. */
import type { AlertExtensions } from '../domain/rule-group';
import type { Known } from './cross-checks';
import { unknownName } from './references';
import type { Placing } from './parse-all';
import type { Finding, Path, Problem } from './problems';
import { askedAlerts } from './short-forms/composite';
import type { RawRule } from './short-forms/schema';

/** `at`: the rule. */
export function checkNames(
  { runbook, receivers }: Pick<AlertExtensions, 'runbook' | 'receivers'>,
  at: Path,
  known: Known,
): Finding[] {
  const runbooks = known.runbooks?.map(({ name }) => name);
  const ofRunbook =
    runbook === null || runbooks === undefined
      ? []
      : unknownName([...at, 'runbook'], runbook, runbooks, 'runbook');
  const ofReceivers = (receivers ?? []).flatMap((name, i) =>
    known.receivers === undefined
      ? []
      : unknownName([...at, 'receivers', i], name, known.receivers, 'receiver'),
  );
  return [...ofRunbook, ...ofReceivers];
}

/** Metrics come from other senders too, so this is no error. */
export function checkMetric(metric: string, at: Path, { metrics }: Known): Finding[] {
  if (metrics === undefined) return [];
  const names = metrics.map(({ name }) => name);
  return unknownName([...at, 'metric'], metric, names, 'metric').map(({ path, value, suggestion }) => ({
    ...{ level: 'warning', path, value, suggestion },
    message: 'is no metric that Tocsin collects; the rule waits for another sender of it',
  }));
}

/** The alerts of all texts, and who asks for them: known when all have been read. */
export class AlertReferences {
  private readonly names = new Set<string>();
  private readonly asked = new Map<string, readonly string[]>();
  private readonly asking: { source: Placing; raw: RawRule; at: Path }[] = [];
  private isComplete = true;

  /** All names of a text, those of rules with errors too: what asks for them is not wrong. */
  addText(value: unknown): void {
    for (const name of alertNamesIn(value)) this.names.add(name);
  }

  /** A text that could not be read may have had any name. */
  addUnreadable(): void {
    this.isComplete = false;
  }

  addRule(source: Placing, raw: RawRule, at: Path): void {
    const asked = askedAlerts(raw);
    if (asked === null) return;
    this.asked.set(raw.name, asked.names);
    this.asking.push({ source, raw, at });
  }

  problems(): Problem[] {
    return this.asking.flatMap(({ source, raw, at }) => source.place(this.findings(raw, at)));
  }

  private findings(raw: RawRule, at: Path): Finding[] {
    const { key, names } = askedAlerts(raw)!;
    return names.flatMap((name, i) => {
      const path = [...at, key, i];
      const way = this.wayBack(name, raw.name, [raw.name]);
      if (way !== null)
        return [{ path, value: JSON.stringify(name), message: `leads back to itself: ${way.join(' → ')}` }];
      return this.isComplete ? unknownName(path, name, [...this.names], 'alert') : [];
    });
  }

  /** An alert that waits for itself never fires, or never ends. */
  private wayBack(name: string, to: string, way: readonly string[]): readonly string[] | null {
    if (name === to) return [...way, name];
    if (way.includes(name)) return null;
    for (const next of this.asked.get(name) ?? []) {
      const found = this.wayBack(next, to, [...way, name]);
      if (found !== null) return found;
    }
    return null;
  }
}

type Mapping = Readonly<Record<string, unknown>>;
const listAt = (value: unknown, key: string): readonly Mapping[] => {
  const list = (value as Mapping | null | undefined)?.[key];
  return Array.isArray(list) ? list.filter((item) => typeof item === 'object' && item !== null) : [];
};

function alertNamesIn(value: unknown): string[] {
  const short = listAt(value, 'rules').map(({ name }) => name);
  const grouped = listAt(value, 'groups').flatMap((group) =>
    listAt(group, 'rules').map(({ alert }) => alert),
  );
  return [...short, ...grouped].filter((name) => typeof name === 'string');
}
