/** A rule's template for an alert, or what it says is wrong with it. */
import { compileRuleTemplate, type QueriedSample, type RuleData } from '../../../src/template/prometheus';
import { TemplateError } from '../../../src/template/template';

export const ALERT: RuleData = {
  labels: { alertname: 'Down', instance: 'db-1.example.com:9100' },
  externalLabels: { cluster: 'eu' },
  externalUrl: 'http://testhost:9090/path/prefix',
  value: 1.5,
  now: 1_353_755_652_000,
  query: (): QueriedSample[] => [
    { labels: { __name__: 'metric', instance: 'b' }, value: 21 },
    { labels: { __name__: 'metric', instance: 'a', __value__: 'eleven' }, value: 11 },
  ],
};

export function ruleText(text: string, data: Partial<RuleData> = {}): string {
  return compileRuleTemplate(text, 'test').execute({ ...ALERT, ...data });
}

export function ruleProblem(text: string, data: Partial<RuleData> = {}): string {
  try {
    return `no problem: ${ruleText(text, data)}`;
  } catch (error) {
    if (error instanceof TemplateError) return error.message;
    throw error;
  }
}
