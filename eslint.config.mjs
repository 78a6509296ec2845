/**
 * What lint checks: the import zones (tooling/lint/zones.mjs), promises that nobody awaits, `any`, and the few calls
 * that belong to one room: the environment to configuration, the clock to callers of pure code. Layout is Prettier's.
 */
import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { importZones } from './tooling/lint/import-zones.mjs';

const PURE = ['src/domain/**', 'src/promql/**', 'src/template/**'];

const ENVIRONMENT = {
  selector: 'MemberExpression[object.name="process"][property.name="env"]',
  message: 'Only src/config reads the environment; take the value as an argument.',
};
const LOST_TIMEOUT = {
  selector:
    'CallExpression[callee.object.name="AbortSignal"][callee.property.name="any"] CallExpression[callee.object.name="AbortSignal"][callee.property.name="timeout"]',
  message: 'Once garbage is collected such a signal never aborts: use withDeadline of src/observe.',
};
const CLOCK = [
  {
    selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
    message: 'Pure code takes `now` as an argument.',
  },
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'Pure code takes `now` as an argument.',
  },
  {
    selector: 'CallExpression[callee.object.name="Math"][callee.property.name="random"]',
    message: 'Pure code takes randomness as an argument.',
  },
];
const SHARED = 'One evaluation of the module serves all workflows of a worker: state belongs into the run.';
const STATE = [
  { selector: 'Program > VariableDeclaration[kind="let"]', message: SHARED },
  { selector: 'Program > ExportNamedDeclaration > VariableDeclaration[kind="let"]', message: SHARED },
  ...[
    'NewExpression[callee.name=/^(Weak)?(Map|Set)$/][arguments.length=0]',
    'ArrayExpression[elements.length=0]',
    'ObjectExpression[properties.length=0]',
  ].flatMap((value) =>
    ['Program >', 'Program > ExportNamedDeclaration >'].map((place) => ({
      selector: `${place} VariableDeclaration > VariableDeclarator > ${value}`,
      message: SHARED,
    })),
  ),
];
const SLEEPS = [
  {
    selector: 'NewExpression[callee.name="Promise"] CallExpression[callee.name="setTimeout"]',
    message: 'A test waits for a condition, never for a fixed time.',
  },
  {
    selector: 'ImportDeclaration[source.value=/timers.promises$/]',
    message: 'A test waits for a condition, never for a fixed time.',
  },
];

export default tseslint.config(
  { ignores: ['dist/**', 'coverage/**', '.tocsin/**', 'test/fixtures/lint/**', 'test/replay/histories/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,js,mjs}'],
    extends: [js.configs.recommended, tseslint.configs.recommended],
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-else-return': 'error',
      'object-shorthand': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          caughtErrorsIgnorePattern: '^_',
          ignoreRestSiblings: true,
        },
      ],
    },
  },
  {
    files: ['**/*.js'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['**/*.ts'],
    plugins: { tocsin: { rules: { 'import-zones': importZones } }, 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'tocsin/import-zones': 'error',
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: ['test/**', 'bench/**'] }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'no-throw-literal': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'workflows/**/*.ts', 'activities/**/*.ts', 'workers/**/*.ts', 'runbooks/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', ENVIRONMENT, LOST_TIMEOUT],
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 25],
      'max-depth': ['error', 4],
    },
  },
  {
    files: PURE.map((room) => `${room}/*.ts`),
    rules: { 'no-restricted-syntax': ['error', ENVIRONMENT, ...CLOCK, ...STATE] },
  },
  { files: ['workflows/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ENVIRONMENT, ...STATE] } },
  // src/dev looks for servers' addresses and binaries before any configuration exists.
  { files: ['src/config/**/*.ts', 'src/dev/**/*.ts'], rules: { 'no-restricted-syntax': 'off' } },
  // Standard output is what the command line and the build step are for.
  { files: ['src/cli/**/*.ts', 'workers/bundle.ts'], rules: { 'no-console': 'off' } },
  { files: ['test/**/*.test.ts'], rules: { 'no-restricted-syntax': ['error', ...SLEEPS] } },
);
