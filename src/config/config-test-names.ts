/** Names in tests of a configuration: each has to be one that the configuration has, or the test could never fail, or never pass. */
import type { ConfigTest, TestAlert } from '../whatif/port';
import type { Finding, Path } from './problems';
import { unknownName } from './references';

/** What tests of a configuration may name; of a tocsin.yaml that is its receivers alone. */
export interface TestedNames {
  /** As messages name the configuration. */
  readonly file: string;
  readonly receivers: readonly string[];
  /** In their order; a rule without a name is an empty text. */
  readonly inhibitRules?: readonly string[];
  readonly timeIntervals?: readonly string[];
}

export function unknownNames(tests: readonly ConfigTest[], names: TestedNames): Finding[] {
  return tests.flatMap(({ alerts }, index) =>
    alerts.flatMap((alert, n) => namesIn(alert, ['tests', index, 'alerts', n], names)),
  );
}

function namesIn(alert: TestAlert, path: Path, names: TestedNames): Finding[] {
  const receivers = (some: readonly string[] | undefined, at: Path): Finding[] =>
    (some ?? []).flatMap((name, n) =>
      unknownName([...at, n], name, names.receivers, `receiver of ${names.file}`),
    );
  return [
    ...receivers(alert.receivers, [...path, 'receivers']),
    ...receivers(alert.told, [...path, 'told']),
    ...receivers(alert.single, [...path, 'single']),
    ...(alert.digest ?? []).flatMap(({ receiver }, n) =>
      unknownName([...path, 'digest', n, 'receiver'], receiver, names.receivers, `receiver of ${names.file}`),
    ),
    ...Object.keys(alert.groups ?? {}).flatMap((name) =>
      unknownName([...path, 'groups', name], name, names.receivers, `receiver of ${names.file}`),
    ),
    ...mutes(alert, [...path, 'muted_by'], names),
    ...(alert.escalation ?? []).flatMap((level, n) =>
      receivers(level.receivers, [...path, 'escalation', n, 'receivers']),
    ),
  ];
}

/** Silences are the test's own, and looked at with it. */
function mutes({ mutedBy = [] }: TestAlert, path: Path, names: TestedNames): Finding[] {
  const { inhibitRules = [], timeIntervals = [], file } = names;
  const rules = [...inhibitRules.filter((name) => name !== ''), ...inhibitRules.map((_, n) => String(n + 1))];
  return mutedBy.flatMap(({ reason, name }, n) => {
    if (reason === 'inhibition')
      return unknownName(
        [...path, n, 'inhibition'],
        name,
        rules,
        `inhibition rule of ${file}, or its number`,
      );
    if (reason === 'time interval')
      return unknownName([...path, n, 'time_interval'], name, timeIntervals, `time interval of ${file}`);
    return [];
  });
}
