/**
 * Defines which folder may import which, as eslint options per folder, so that a wrong import shows in the editor.
 *
 *     api ← telemetry ← kube ← lifecycle ← volumes ← movers ← controller ← cli
 *                         ↖ plugin
 *
 * What plugin and controller share is in api/. The products of controller/ do not import each other. Only tests import hack/ and
 * tests/. examples/ imports the published package only.
 */

/** Folder → the other folders that it may import. */
const LAYERS = {
  api: [],
  proto: [],
  telemetry: ['api'],
  kube: ['api', 'telemetry'],
  lifecycle: ['api', 'telemetry', 'kube'],
  volumes: ['api', 'telemetry', 'kube', 'lifecycle'],
  movers: ['api', 'telemetry', 'kube', 'lifecycle', 'volumes'],
  plugin: ['api', 'telemetry', 'kube', 'proto'],
  controller: ['api', 'telemetry', 'kube', 'lifecycle', 'volumes', 'movers'],
  cli: ['api', 'telemetry', 'kube'],
  // Published, for tests of other packages.
  testing: ['api', 'telemetry', 'kube', 'lifecycle', 'volumes', 'movers'],
  // Written like other people's packages, so it imports the published package only.
  examples: [],
  hack: null,
  tests: null,
};

/** Folders with the implementation of a mover → the only other folders that may import them. */
const ENGINES = {
  'movers/restic-repository': ['movers/restic', 'movers/volsync'],
  'movers/restic': ['movers/registry'],
  'movers/volsync': ['movers/registry'],
};

/**
 * Package (as a regular expression) → the only folders that may use it, and the reason. `types` allows all folders to import its
 * types.
 */
const PACKAGES = [
  {
    name: '@kubernetes/client-node',
    only: ['kube/client'],
    why: 'it is slow to load and slow to talk; use the KubeClient port',
  },
  { name: 'undici', only: ['kube/client'], why: 'use the KubeClient port' },
  {
    name: '@grpc/.*',
    only: ['plugin/goplugin', 'hack/cluster/doubles', 'tests/contract'],
    why: 'actions take and return plain values',
  },
  { name: 'prom-client', only: ['telemetry'], why: 'use the metrics port' },
  { name: '@opentelemetry/.*', only: ['telemetry', 'tests/stories'], why: 'use the Tracer port' },
  { name: 'pino', only: ['telemetry', 'plugin/goplugin'], why: 'use the Logger port' },
  {
    name: 'zod',
    only: ['api', 'lifecycle', 'movers', 'controller', 'hack', 'examples'],
    why: 'it costs the plugin its start-up time',
    types: true,
  },
];

/** The files of api/ that load zod. Kinds, keys, names and similar files do not. */
const SCHEMA_FILES = String.raw`/api/(datamover/v1alpha1/(data-mover-[a-z-]+|schema|crds)|schema/[a-z-]+)\.ts$`;

/** The entry points of the package (package.json, exports). */
const PUBLISHED = String.raw`(^|/)(api|kube|controller|movers|plugin)/index\.ts$`;

const folderPattern = (folder) => `^(\\.\\./)+${folder}/`;

function forbiddenProducts(path) {
  if (!SHARED.some((folder) => isWithin(path, folder))) return [];
  return [
    {
      regex: '^(\\.\\./)+api/(?!kubernetes/|common/|schema/)',
      message: 'every product uses this folder: take what differs as a parameter (hack/lint/layers.js).',
    },
  ];
}

function forbiddenFolders(folder, isTest) {
  const allowed = LAYERS[folder];
  if (allowed === null) return [];
  return Object.keys(LAYERS)
    .filter((other) => other !== folder && !allowed.includes(other))
    .filter((other) => !(isTest && ['tests', 'hack'].includes(other)))
    .map((other) => ({
      regex: folderPattern(other),
      message: `${folder}/ does not import ${other}/ (hack/lint/layers.js).`,
    }));
}

function forbiddenPackages(path) {
  return PACKAGES.filter(({ only }) => !only.some((home) => isWithin(path, home))).map(
    ({ name, only, why, types = false }) => ({
      regex: `^${name}(/|$)`,
      message: `only ${only.join(', ')} may import it: ${why} (hack/lint/layers.js).`,
      allowTypeImports: types,
    }),
  );
}

function forbiddenEngines(path) {
  if (!['controller', 'movers', 'volumes', 'lifecycle'].some((folder) => isWithin(path, folder))) return [];
  return Object.entries(ENGINES)
    .filter(([engine, users]) => ![engine, ...users].some((room) => isWithin(path, room)))
    .map(([engine]) => engine.split('/').at(-1))
    .map((room) => ({
      regex: `^\\.{1,2}/([^/]+/)*${room}/`,
      message: `only movers know ${room}/; what is generic goes through movers/mover.ts (hack/lint/layers.js).`,
    }));
}

/** Folders that serve every product, so they import no product's API. */
const SHARED = ['telemetry', 'kube', 'lifecycle', 'volumes'];

function forbiddenFiles(path) {
  const main = { regex: '(^|/)main\\.ts$', message: 'main.ts wires things together; nobody imports it.' };
  const schemas = {
    regex: SCHEMA_FILES,
    allowTypeImports: true,
    message: 'import its types only: the schema brings zod into the plugin, which starts every few seconds.',
  };
  const published = {
    regex: PUBLISHED,
    message: 'that is what other packages import; here, import the file itself.',
  };
  return isWithin(path, 'plugin') ? [main, published, schemas] : [main, published];
}

const isWithin = (path, home) => path === home || path.startsWith(`${home}/`);

/** Folders and files with rules that differ from those of their layer. Longer paths come later, because the last match wins. */
const PATHS = [
  ...Object.keys(LAYERS),
  ...Object.entries(ENGINES).flat(2),
  ...PACKAGES.flatMap(({ only }) => only),
]
  .filter((path, index, all) => all.indexOf(path) === index)
  .sort((a, b) => a.split('/').length - b.split('/').length);

function importRules(path, isTest) {
  const [folder] = path.split('/');
  const patterns = [
    ...forbiddenFolders(folder, isTest),
    ...forbiddenProducts(path),
    ...forbiddenPackages(path),
    ...forbiddenEngines(path),
    ...forbiddenFiles(path),
  ];
  return { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] };
}

/** Flat configs, two per folder: one for its code, one for the tests in it. */
export const layers = PATHS.flatMap((path) => [
  { name: `layers/${path}`, files: [`${path}{.ts,/**/*.ts}`], rules: importRules(path, false) },
  { name: `layers/${path}/tests`, files: [`${path}/**/*.test.ts`], rules: importRules(path, true) },
]);
