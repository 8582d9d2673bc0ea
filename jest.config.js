/**
 * One project per kind of test, so that `jest --selectProjects unit` needs only Node. Unit tests are next to the code; tests that
 * involve another process are under tests/.
 */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript' },
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.run'],
};

const project = (displayName, testMatch, extra = {}) => ({ ...base, displayName, testMatch, ...extra });

const e2e = {
  globalSetup: '<rootDir>/tests/e2e/support/global-setup.js',
  setupFilesAfterEnv: ['<rootDir>/tests/e2e/support/time-limit.ts'],
};

export default {
  // Ends tests that hang, even on a machine with ten times more work than cores. Each wait has its own deadline, whose error is
  // more specific.
  testTimeout: 400_000,
  projects: [
    project('unit', [
      '<rootDir>/{api,kube,telemetry,lifecycle,volumes,movers,plugin,controller,cli,hack,testing}/**/*.test.ts',
      '<rootDir>/tests/{fakes,load,stories}/**/*.test.ts',
    ]),
    project('contract', ['<rootDir>/tests/contract/**/*.test.ts']),
    project('integration', ['<rootDir>/tests/integration/**/*.test.ts']),
    // The same tests repeated, each time with a fault at another call.
    project('faults', ['<rootDir>/tests/faults/**/*.test.ts']),
    project('e2e', ['<rootDir>/tests/e2e/*.test.ts'], e2e),
    // Tests that change the whole cluster, so they run one at a time.
    project('e2e-alone', ['<rootDir>/tests/e2e/alone/*.test.ts'], e2e),
    // Checks the audit log of the API server for all e2e tests.
    project('e2e-audit', ['<rootDir>/tests/e2e/audit/*.test.ts'], e2e),
  ],
};
