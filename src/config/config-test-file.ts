/** Files of tests of a configuration: what fires at a moment, and who is told, who is not, and by what. */
import { z } from 'zod';
import { parseOneMatcher, type MatcherMode } from '../domain/alertmanager-matchers';
import { messageOf } from '../domain/errors';
import type { Matcher } from '../domain/matchers';
import type { ConfigTest, ConfigTestFile, ExpectedMute, TestAlert } from '../whatif/port';
import { unknownNames, type TestedNames } from './config-test-names';
import { count, duration, labelValue, text } from './fields';
import { parseAll } from './parse-all';
import type { Finding, Path, Problem } from './problems';
import { readSource } from './source';

const labels = () => z.record(z.string(), labelValue());
const names = () => z.array(text()).optional();

const muteSchema = z.strictObject({
  silence: text().optional(),
  inhibition: z.union([text(), z.number().transform(String)]).optional(),
  time_interval: text().optional(),
});

const alertSchema = z.strictObject({
  labels: labels(),
  receivers: names(),
  told: names(),
  groups: z.record(z.string(), labels()).optional(),
  muted_by: z.array(muteSchema).optional(),
  escalation: z.array(z.strictObject({ after: duration(), receivers: z.array(text()) })).optional(),
  after: duration().optional(),
  single: names(),
  digest: z
    .array(
      z.strictObject({
        receiver: text(),
        after: duration().optional(),
        told: count(1, 1_000).optional(),
        like: labels().optional(),
      }),
    )
    .optional(),
});

const testSchema = z.strictObject({
  name: text().optional(),
  at: z.union([z.string(), z.date()]).optional(),
  silences: z.array(z.strictObject({ name: text(), matchers: z.array(text()) })).default([]),
  alerts: z.array(alertSchema),
});

const fileSchema = z.strictObject({ config: text(), tests: z.array(testSchema).default([]) });

type RawTest = z.output<typeof testSchema>;
type RawAlert = RawTest['alerts'][number];

export interface ConfigTestsResult {
  /** Null where the file could not be understood. */
  readonly file: ConfigTestFile | null;
  readonly problems: readonly Problem[];
  /** Names that the configuration does not have, each with its place. */
  readonly unknownTo: (names: TestedNames) => Problem[];
}

const nothingUnknown = (): Problem[] => [];

/** `now`: the moment of tests that name none. */
export function readConfigTests(
  content: string,
  name: string,
  mode: MatcherMode,
  now: number,
): ConfigTestsResult {
  const source = readSource(content, name, null);
  if (source.value === undefined) return { file: null, problems: source.problems, unknownTo: nothingUnknown };
  const { value, problems: refused, place } = parseAll(fileSchema, source);
  if (value === null) return { file: null, problems: refused, unknownTo: nothingUnknown };
  const findings: Finding[] = [];
  const tests = value.tests.map((raw, index) => toTest(raw, index, { findings, mode, now }));
  const problems = [...refused, ...place(findings)];
  const file = problems.length > 0 ? null : { config: value.config, tests };
  return { file, problems, unknownTo: (names) => place(unknownNames(tests, names)) };
}

interface Reading {
  readonly findings: Finding[];
  readonly mode: MatcherMode;
  readonly now: number;
}

function toTest(raw: RawTest, index: number, { findings, mode, now }: Reading): ConfigTest {
  const path: Path = ['tests', index];
  const at = raw.at === undefined ? now : instantOf(raw.at);
  if (Number.isNaN(at))
    findings.push({
      ...{ path: [...path, 'at'], value: JSON.stringify(raw.at), message: 'is no moment' },
      accepted: 'a time with a zone, such as 2026-11-22T03:00:00Z or 2026-11-22T03:00:00+01:00',
    });
  const silences = raw.silences.map(({ name, matchers }, n) => ({
    name,
    matchers: matchers.flatMap((each, m): Matcher[] => {
      try {
        return [parseOneMatcher(each, mode)];
      } catch (error) {
        findings.push({ path: [...path, 'silences', n, 'matchers', m], message: messageOf(error) });
        return [];
      }
    }),
  }));
  const alerts = raw.alerts.map((alert, n) =>
    toAlert(alert, [...path, 'alerts', n], new Set(silences.map(({ name }) => name)), findings),
  );
  return { name: raw.name ?? `unnamed#${index}`, at, silences, alerts };
}

/** Without a zone it would be another moment on another machine. */
function instantOf(at: string | Date): number {
  if (at instanceof Date) return at.getTime();
  return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i.test(at) ? Date.parse(at) : NaN;
}

function toAlert(raw: RawAlert, path: Path, silences: ReadonlySet<string>, findings: Finding[]): TestAlert {
  const { labels: own, receivers, told, groups, muted_by: mutes, escalation, after, single, digest } = raw;
  const mutedBy = mutes?.flatMap((mute, n) => toMute(mute, [...path, 'muted_by', n], silences, findings));
  return {
    labels: own,
    ...{ receivers, told, groups, mutedBy, single, afterMs: after ?? 0 },
    digest: digest?.map(({ after: afterMs, ...rest }) => ({ ...rest, afterMs })),
    escalation: escalation?.map(({ after, receivers: level }) => ({ afterMs: after, receivers: level })),
  };
}

function toMute(
  { silence, inhibition, time_interval: interval }: z.output<typeof muteSchema>,
  path: Path,
  silences: ReadonlySet<string>,
  findings: Finding[],
): ExpectedMute[] {
  const all: ExpectedMute[] = [
    ...(silence === undefined ? [] : [{ reason: 'silence' as const, name: silence }]),
    ...(inhibition === undefined ? [] : [{ reason: 'inhibition' as const, name: inhibition }]),
    ...(interval === undefined ? [] : [{ reason: 'time interval' as const, name: interval }]),
  ];
  if (all.length !== 1)
    findings.push({ path, message: 'has to name one of silence, inhibition and time_interval' });
  if (silence !== undefined && !silences.has(silence))
    findings.push({
      ...{ path: [...path, 'silence'], value: JSON.stringify(silence) },
      message: 'is no silence of this test',
    });
  return all;
}
