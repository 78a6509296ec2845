/** The text of alertmanager.yml for people and tools to read: what it holds of secrets stands as `<secret>`. */
import { isScalar, parseDocument, visit } from 'yaml';
import { Secret } from '../secret';
import type { AlertmanagerConfig } from './config';

export const HIDDEN = '<secret>';

export function originalText(text: string, config: AlertmanagerConfig): string {
  const hidden = secretsIn(config, new Set());
  const document = parseDocument(text);
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && node.value !== '' && hidden.has(String(node.value))) node.value = HIDDEN;
    },
  });
  return document.toString();
}

function secretsIn(value: unknown, found: Set<string>): Set<string> {
  if (value instanceof Secret) found.add(value.reveal());
  else if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) secretsIn(part, found);
  return found;
}
