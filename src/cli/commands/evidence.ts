/**
 * The evidence in lines: the sessions that matter most, who blocks whom, and what a dry run would have changed. An
 * artifact's data are what some version of its provider wrote, so each fact may be missing; the whole of it is in --json.
 */
import type { Artifact } from '../../domain/artifact';
import type { RemediationResult } from '../../domain/remediation';

const TOP_SESSIONS = 3;
const MOST_BLOCKED = 10;
const QUERY_LENGTH = 80;

type Facts = Readonly<Record<string, unknown>>;

export function foundLines(
  artifacts: readonly Artifact[],
  remediations: readonly RemediationResult[],
): string[] {
  const dataOf = (name: string): Facts => {
    const data = artifacts.find(({ provider }) => provider === name)?.data;
    return typeof data === 'object' && data !== null ? (data as Facts) : {};
  };
  return [
    ...listed('Sessions', sessionLines(listOf(dataOf('postgres_sessions').sessions))),
    ...listed('Blocking', blockingLines(listOf(dataOf('postgres_blockers').blockers))),
    ...listed('A dry run', remediations.flatMap(rehearsalLines)),
  ];
}

const listed = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];

function sessionLines(sessions: readonly Facts[]): string[] {
  return sessions.slice(0, TOP_SESSIONS).map((session) => {
    const seconds = session.transaction_seconds ?? session.in_state_seconds;
    return `pid ${textOf(session.pid)}, ${who(session)}: ${textOf(session.state)}${lasting(seconds)}${queryOf(session)}`;
  });
}

function blockingLines(roots: readonly Facts[]): string[] {
  const lines: string[] = [];
  const add = (node: Facts, depth: number): void => {
    const role =
      depth === 0 ? `blocks${lasting(node.transaction_seconds)}` : `waits${lasting(node.waiting_seconds)}`;
    lines.push(`${'  '.repeat(depth)}pid ${textOf(node.pid)}, ${who(node)}: ${role}${queryOf(node)}`);
    for (const waiter of listOf(node.blocks)) add(waiter, depth + 1);
  };
  for (const root of roots) add(root, 0);
  const more = lines.length - MOST_BLOCKED;
  return more <= 0 ? lines : [...lines.slice(0, MOST_BLOCKED), `and ${more} more, see --json`];
}

/** The numbers that a statement was given are the sessions' pids, or whatever else its runbook acts on. */
function rehearsalLines({ dry_run: dryRun, runbook, steps }: RemediationResult): string[] {
  if (!dryRun) return [];
  return steps
    .filter(({ status, phase }) => status === 'DRY_RUN' && phase === 'act')
    .map(({ output, details: { values } }) => {
      const subjects = Array.isArray(values) ? values.find(isNumbers) : undefined;
      return `${runbook} ${output}${subjects === undefined ? '' : ` for ${subjects.join(', ')}`}`;
    });
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number');
}

function who({ user, database, application }: Facts): string {
  const at = [user, database].filter(Boolean).map(textOf).join('@');
  return `${at}${application ? ` (${textOf(application)})` : ''}`;
}

const lasting = (seconds: unknown): string => (typeof seconds === 'number' ? ` for ${seconds} s` : '');

function queryOf({ query }: Facts): string {
  if (typeof query !== 'string' || query === '') return '';
  const line = query.replace(/\s+/g, ' ');
  return `: ${line.length > QUERY_LENGTH ? `${line.slice(0, QUERY_LENGTH)}…` : line}`;
}

const listOf = (value: unknown): readonly Facts[] => (Array.isArray(value) ? (value as Facts[]) : []);
const textOf = (value: unknown): string => (value == null ? 'unknown' : String(value));
