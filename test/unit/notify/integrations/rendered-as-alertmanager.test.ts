/** What receivers' texts render is what Alertmanager itself rendered: see test/oracle/alertmanager. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { notificationData } from '../../../../src/notify/integrations/group-data';
import { createTemplates } from '../../../../src/notify/integrations/group-template';
import { EXTERNAL_URL, GROUPS, HTML, TEXTS } from './groups';

type Said = string | { readonly error: string };
type Recorded = Readonly<
  Record<string, { readonly text: Record<string, Said>; readonly html: Record<string, Said> }>
>;

const RECORDED = JSON.parse(
  readFileSync(join(__dirname, '../../../fixtures/alertmanager/rendered.json'), 'utf8'),
) as Recorded;

/** Alertmanager makes an alert's fingerprint of its labels; here it comes with the alert. */
const withoutFingerprints = (text: Said): Said =>
  typeof text === 'string' ? text.replace(/"fingerprint":"[0-9a-f]+"/g, '"fingerprint":"…"') : text;

const templates = createTemplates([], () => Date.parse('2026-03-01T10:31:00Z'));

describe.each(Object.entries(GROUPS))('the group %s', (name, group) => {
  const rendering = templates.of(notificationData(group, EXTERNAL_URL));
  const { text, html } = RECORDED[name]!;

  it.each(TEXTS)('text: %s', (source) => agree(() => rendering.text(source), text[source]!));
  it.each(HTML)('html: %s', (source) => agree(() => rendering.html(source), html[source]!));
});

function agree(render: () => string, said: Said): void {
  if (typeof said === 'string') expect(withoutFingerprints(render())).toBe(withoutFingerprints(said));
  else expect(render).toThrow();
}
