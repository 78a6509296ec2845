/** Integrations made of an alertmanager.yml, for tests that send to a server of their own. */
import { checkAlertmanager } from '../../../../src/config/alertmanager/load';
import { problemText } from '../../../../src/config/problems';
import { createIntegrations, type IntegrationOptions } from '../../../../src/notify/integrations';
import type { Delivery, GroupMessage, Integration } from '../../../../src/notify/port';
import { EXTERNAL_URL, message } from './groups';

const made: Integration[] = [];

/** After each test, all that it has made are closed. */
afterEach(async () => {
  await Promise.all(made.splice(0).map((each) => each.close()));
});

/** `receiver`: what stands below `- name: team`; `global`: what stands below `global:`. */
export function integrationsOf(
  receiver: string,
  global = '{}',
  options: Partial<IntegrationOptions> = {},
): readonly Integration[] {
  const text = `global: ${global}\nroute: { receiver: team }\nreceivers:\n  - name: team\n    ${receiver.replaceAll('\n', '\n    ')}\n`;
  const { config, problems } = checkAlertmanager(text, null);
  if (config === null) throw new Error(problems.map(problemText).join('\n'));
  const all = createIntegrations(config, {
    ...{ externalUrl: EXTERNAL_URL, templateFiles: [], now: Date.now, environment: {} },
    ...options,
  });
  made.push(...all);
  return all;
}

/** The only one. */
export function integrationOf(...given: Parameters<typeof integrationsOf>): Integration {
  const [first] = integrationsOf(...given);
  return first!;
}

const LONG_MS = 30_000;

export const notify = (
  integration: Integration,
  given: GroupMessage = message(),
  signal = AbortSignal.timeout(LONG_MS),
): Promise<Delivery> => integration.notify(given, signal);
