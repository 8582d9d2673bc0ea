import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { helperLines } from './hack/lint/helper-lines.js';
import { layers } from './hack/lint/layers.js';

const TESTS = ['**/*.test.ts', 'tests/**/*.ts', 'testing/**/*.ts'];

const FUNCTION_LINES = { max: 80, skipBlankLines: true, skipComments: true };

/** Limits that keep files and functions small. */
const budgets = {
  complexity: ['error', { max: 10, variant: 'modified' }],
  'max-depth': ['error', 3],
  'max-params': ['error', 4],
  'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', FUNCTION_LINES],
};

const correctness = {
  eqeqeq: 'error',
  'no-console': 'error',
  'no-constant-binary-expression': 'error',
  'no-control-regex': 'error',
  'no-empty': 'error',
  'no-self-compare': 'error',
  'no-unsafe-finally': 'error',
  'no-unreachable-loop': 'error',
  'no-useless-escape': 'error',
  'object-shorthand': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
};

const style = {
  'no-restricted-exports': [
    'error',
    { restrictDefaultExports: { direct: true, named: true, namedFrom: true } },
  ],
  '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
  '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
  '@typescript-eslint/explicit-module-boundary-types': 'error',
  // Reconcilers may return nothing, which is a valid result: `Promise<ReconcileResult | void>`.
  '@typescript-eslint/no-invalid-void-type': 'off',
  // This rule demands the `!` that no-non-null-assertion forbids.
  '@typescript-eslint/non-nullable-type-assertion-style': 'off',
  // An async function without await turns a thrown error into a rejection, as callers of a port expect.
  '@typescript-eslint/require-await': 'off',
  '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
};

const environmentAccess = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Read the environment in main.ts or config.ts and pass the value on.',
};
const importMeta = {
  selector: "MetaProperty[meta.name='import']",
  message: 'There is no import.meta in the CommonJS bundle that ships.',
};
const forgottenTest = {
  selector:
    'CallExpression[callee.object.name=/^(describe|it|test)$/][callee.property.name=/^(only|skip|todo)$/], CallExpression[callee.name=/^([fx](describe|it|test))$/]',
  message: 'Every test runs.',
};

export default defineConfig(
  globalIgnores(['dist/', '.run/', 'coverage/', 'proto/gen/', '**/*.gen.ts', '**/*.d.ts']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { ...budgets, ...correctness, ...style },
  },
  {
    name: 'what ships',
    files: ['{api,kube,telemetry,plugin,controller,cli}/**/*.ts'],
    ignores: [...TESTS, '**/{main,config}.ts'],
    rules: { 'no-restricted-syntax': ['error', environmentAccess, importMeta] },
  },
  { name: 'tools talk to a terminal', files: ['{cli,hack}/**/*.ts'], rules: { 'no-console': 'off' } },
  ...layers,
  {
    // A separate package whose dependencies are not installed here. tsc checks its types together with the project.
    name: 'examples',
    files: ['examples/**/*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'error' },
  },
  {
    name: 'tests',
    files: TESTS,
    plugins: { tests: { rules: { 'helper-lines': helperLines } } },
    rules: {
      complexity: 'off',
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': 'off',
      'tests/helper-lines': ['error', FUNCTION_LINES],
      'max-params': 'off',
      'no-console': 'off',
      'no-restricted-syntax': ['error', forgottenTest],
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
