/** What a rule test expected and what came, for people. */
import { formatDuration } from '../domain/duration';
import type { ExpectedAlert, ExpectedSample, RuleTest, TestFailure } from '../evaluate/port';

export function failureLines({ name, named }: RuleTest, failure: TestFailure): string[] {
  const head = named ? [`    name: ${name},`] : [];
  const time = `time: ${formatDuration(failure.timeMs)}`;
  switch (failure.kind) {
    case 'evaluation':
      return [...head, `    rule: ${failure.rule}, ${time}, err: ${failure.error}`];
    case 'alerts': {
      const { alertname, expected, got } = failure;
      return [
        ...head,
        `    alertname: ${alertname}, ${time},`,
        ...side('exp', alerts(expected)),
        ...side('got', alerts(got)),
      ];
    }
    case 'expr': {
      const place = `    expr: ${JSON.stringify(failure.expr)}, ${time},`;
      if ('error' in failure) return [...head, `${place} err: ${failure.error}`];
      return [
        ...head,
        place,
        ...side('exp', samples(failure.expected)),
        ...side('got', samples(failure.got)),
      ];
    }
  }
}

function side(word: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [`        ${word}: nothing`];
  return [`        ${word}:`, ...lines.map((line) => `            ${line}`)];
}

const alerts = (list: readonly ExpectedAlert[]): string[] =>
  list
    .map(({ labels, annotations }) => [
      `labels: ${labels.toString()}`,
      `annotations: ${annotations.toString()}`,
    ])
    .sort()
    .flat();

const samples = (list: readonly ExpectedSample[]): string[] =>
  list.map(({ labels, value }) => `${labels.toString()} ${value}`).sort();
