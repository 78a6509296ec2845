/**
 * Lints every fixture as if it stood in its room, with the project's own configuration, and prints
 * { "wrong/src/…": ["rule messageId"] } as JSON. A process of its own, because ESLint loads its configuration by
 * `import()`, which jest's sandbox does not offer.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const fixtures = join(root, 'test/fixtures/lint');

/** Fixtures are in no tsconfig. Where types matter the project service makes one up, at half a second a file. */
const typed = {
  languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['workflows/*promise.ts'] } } },
};

const files = readdirSync(fixtures, { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .sort();

const found = {};
const untyped = new ESLint({ cwd: root, overrideConfig: tseslint.configs.disableTypeChecked });
const withTypes = new ESLint({ cwd: root, overrideConfig: typed });
for (const file of files) {
  const path = file.replace(/^(wrong|right)\//, '');
  const eslint = file.includes('promise') ? withTypes : untyped;
  const [result] = await eslint.lintText(readFileSync(join(fixtures, file), 'utf8'), {
    filePath: join(root, path),
  });
  found[file] = result.messages.map(({ ruleId, messageId, message }) =>
    ruleId ? `${ruleId} ${messageId ?? ''}`.trim() : message,
  );
}
process.stdout.write(JSON.stringify(found));
