/** docs/channels.md: what it says to write is taken, and what it says of signatures is so. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { checkConfig } from '../../../../src/config/load';
import { RECEIVER_TYPES } from '../../../../src/config/schema';

const page = readFileSync('docs/channels.md', 'utf8');
const blocks = [...page.matchAll(/^(?:\d\. | *)```yaml\n([\s\S]*?)^ *```/gm)].map(([, text]) => {
  const indent = /^ */.exec(text!)![0].length;
  const lines = text!.split('\n').map((line) => line.slice(indent));
  return parse(lines.join('\n')) as Record<string, unknown>;
});
const env = {
  ...{ PAGERDUTY_KEY: 'k', PAGERDUTY_WEBHOOK_SECRET: 'k', SLACK_TOKEN: 'k', SLACK_SIGNING_SECRET: 'k' },
  ...{ TWILIO_SID: 'ACk', TWILIO_TOKEN: 'k' },
};

/** Sections of several blocks are one, as they would be in somebody's file. */
function together(): Record<string, unknown> {
  const whole: Record<string, unknown> = {};
  for (const [key, value] of blocks.flatMap((block) => Object.entries(block)))
    whole[key] = Array.isArray(value)
      ? [...((whole[key] ?? []) as unknown[]), ...(value as unknown[])]
      : value;
  return whole;
}

test('the file that its blocks make is taken', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(6);
  const file = together();
  (file.receivers as unknown[]).push({ name: 'dora-call', type: 'webhook', url: 'http://x' });
  const { problems } = checkConfig({ text: JSON.stringify(file), path: null }, env);
  expect(problems).toEqual([]);
});

test('every kind of receiver has its row', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  for (const type of RECEIVER_TYPES) expect(rows.some((row) => row.includes(`\`${type}\``))).toBe(true);
});
