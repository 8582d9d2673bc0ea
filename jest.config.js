/**
 * One project per kind of test, so that `jest --selectProjects unit` needs nothing but Node.
 * Unit tests sit beside the code; everything that crosses a process lives under tests/.
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
  // The last resort, for machines however busy: what is waited for has deadlines of its own, whose errors say more.
  testTimeout: 120_000,
  projects: [
    project('unit', [
      '<rootDir>/{api,kube,telemetry,lifecycle,volumes,movers,plugin,controller,cli,hack,testing}/**/*.test.ts',
      '<rootDir>/tests/{fakes,load,stories}/**/*.test.ts',
    ]),
    project('contract', ['<rootDir>/tests/contract/**/*.test.ts']),
    project('integration', ['<rootDir>/tests/integration/**/*.test.ts']),
    // Stories told again and again, with trouble at another call each time.
    project('faults', ['<rootDir>/tests/faults/**/*.test.ts']),
    project('e2e', ['<rootDir>/tests/e2e/*.test.ts'], e2e),
    // Stories about the whole cluster: another one beside them would be in their way.
    project('e2e-alone', ['<rootDir>/tests/e2e/alone/*.test.ts'], e2e),
    // What the API server has noted of all of them.
    project('e2e-audit', ['<rootDir>/tests/e2e/audit/*.test.ts'], e2e),
  ],
};
