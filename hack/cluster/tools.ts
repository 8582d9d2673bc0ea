import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './exec.ts';
import { withLock } from './lock.ts';
import type { Note, Progress } from './progress.ts';

/** One folder under `tools/` and the programs built from it. */
export interface Tool {
  readonly name: string;
  /** The module whose version identifies the build. */
  readonly module: string;
  readonly packages: readonly string[];
  /** Program names, for packages whose default name (the last part of the path) is too vague. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Returns the linker's `-X` settings for the module's version. */
  readonly stamp?: (version: string) => readonly string[];
  /** Folders of other modules that are kept beside the programs, by name. */
  readonly folders?: Readonly<Record<string, { readonly module: string; readonly path: string }>>;
}

const UNFINISHED = '.building-';
const KUBERNETES_VERSION_PACKAGE = 'k8s.io/component-base/version';

export const TOOLS = [
  {
    name: 'etcd',
    module: 'go.etcd.io/etcd/server/v3',
    packages: ['go.etcd.io/etcd/server/v3'],
    rename: { server: 'etcd' },
  },
  {
    name: 'versitygw',
    module: 'github.com/versity/versitygw',
    packages: ['github.com/versity/versitygw/cmd/versitygw'],
  },
  {
    name: 'restic',
    module: 'github.com/restic/restic',
    packages: ['github.com/restic/restic/cmd/restic'],
  },
  {
    name: 'kubernetes',
    module: 'k8s.io/kubernetes',
    packages: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kubectl'].map(
      (program) => `k8s.io/kubernetes/cmd/${program}`,
    ),
    stamp: (version: string) => [
      `${KUBERNETES_VERSION_PACKAGE}.gitVersion=${version}`,
      `${KUBERNETES_VERSION_PACKAGE}.gitMajor=${version.slice(1).split('.')[0] ?? ''}`,
      `${KUBERNETES_VERSION_PACKAGE}.gitMinor=${version.split('.')[1] ?? ''}`,
    ],
  },
  {
    name: 'external-snapshotter',
    module: 'github.com/kubernetes-csi/external-snapshotter/v8',
    packages: ['csi-snapshotter', 'snapshot-controller'].map(
      (program) => `github.com/kubernetes-csi/external-snapshotter/v8/cmd/${program}`,
    ),
    folders: {
      crds: { module: 'github.com/kubernetes-csi/external-snapshotter/client/v8', path: 'config/crd' },
    },
  },
  {
    name: 'velero',
    module: 'github.com/vmware-tanzu/velero',
    packages: ['github.com/vmware-tanzu/velero/cmd/velero'],
    stamp: (version: string) => [`github.com/vmware-tanzu/velero/pkg/buildinfo.Version=${version}`],
  },
  {
    name: 'velero-plugin-for-aws',
    module: 'github.com/vmware-tanzu/velero-plugin-for-aws',
    packages: ['github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws'],
  },
] as const satisfies readonly Tool[];

export type ToolName = (typeof TOOLS)[number]['name'];

/** The folder of each built tool; its programs are in `bin/`. */
export type ToolFolders = Readonly<Record<ToolName, string>>;

/** Returns the folder of every tool in the cache, whether built or not. */
export function toolFolders(cacheDir: string): ToolFolders {
  return Object.fromEntries(TOOLS.map((tool) => [tool.name, toolFolder(cacheDir, tool)])) as ToolFolders;
}

/** Returns the version in a tool's go.mod. */
export function toolVersion(tool: Tool): string {
  const goMod = readFileSync(join(sourceFolder(tool), 'go.mod'), 'utf8');
  const line = goMod.split('\n').find((text) =>
    text
      .trim()
      .replace(/^require /, '')
      .startsWith(`${tool.module} v`),
  );
  const version = line && /\s(v\S+)/.exec(line)?.[1];
  if (!version) throw new Error(`tools/${tool.name}/go.mod: requires no version of ${tool.module}`);
  return version;
}

/** Returns the tools that are not in the cache yet. */
export function missingTools(cacheDir: string): Tool[] {
  return TOOLS.filter((tool) => !existsSync(toolFolder(cacheDir, tool)));
}

/** Builds missing tools one after another: two Go builds at once need more memory than small machines have. */
export async function ensureTools(cacheDir: string, progress: Progress): Promise<void> {
  if (missingTools(cacheDir).length === 0) return;
  mkdirSync(join(cacheDir, 'tools'), { recursive: true });
  const waiting = (): void => {
    progress.line('  waiting: another run is building the tools');
  };
  await withLock(join(cacheDir, 'tools'), waiting, async () => {
    removeUnfinished(cacheDir);
    const missing = missingTools(cacheDir);
    if (missing.length > 0) {
      progress.line(`  building ${missing.length} tools from source, once: about 20 minutes on two cores`);
    }
    for (const tool of missing) {
      const title = `build ${tool.name} ${toolVersion(tool)}`;
      await progress.step(title, (note) => build(cacheDir, tool, note));
    }
  });
}

/** Removes the leftovers of interrupted builds. The lock ensures that no build is running. */
function removeUnfinished(cacheDir: string): void {
  const folder = join(cacheDir, 'tools');
  for (const name of readdirSync(folder).filter((each) => each.includes(UNFINISHED))) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function sourceFolder(tool: Tool): string {
  return join(import.meta.dirname, 'tools', tool.name);
}

function linkerFlags(tool: Tool): string {
  const stamps = tool.stamp?.(toolVersion(tool)) ?? [];
  return ['-s', '-w', ...stamps.flatMap((stamp) => ['-X', stamp])].join(' ');
}

function toolFolder(cacheDir: string, tool: Tool): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(sourceFolder(tool), file)));
  hash.update(JSON.stringify([process.arch, linkerFlags(tool), tool.packages, tool.rename, tool.folders]));
  const version = toolVersion(tool);
  return join(cacheDir, 'tools', `${tool.name}-${version}-${hash.digest('hex').slice(0, 12)}`);
}

/** Builds in a temporary folder and moves the result, so that an interrupted build leaves nothing incomplete. */
async function build(cacheDir: string, tool: Tool, note: Note): Promise<void> {
  const target = toolFolder(cacheDir, tool);
  const unfinished = mkdtempSync(`${target}${UNFINISHED}`);
  const cwd = sourceFolder(tool);
  // The user's own Go settings must not change the result. If a module needs a newer Go, Go downloads it.
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'auto', GOWORK: 'off' };
  try {
    const bin = join(unfinished, 'bin');
    mkdirSync(bin);
    const flags = ['-trimpath', '-ldflags', linkerFlags(tool), '-o', `${bin}/`];
    const onLine = (line: string): void => {
      if (line.startsWith('go: downloading')) note(line.slice('go: '.length));
    };
    await run('go', ['build', ...flags, ...tool.packages], { cwd, env, onLine });
    for (const [from, to] of Object.entries(tool.rename ?? {})) renameSync(join(bin, from), join(bin, to));
    for (const [name, { module, path }] of Object.entries(tool.folders ?? {})) {
      // The module's folder is known only after the download.
      await run('go', ['mod', 'download', module], { cwd, env });
      const folder = (await run('go', ['list', '-m', '-f', '{{.Dir}}', module], { cwd, env })).trim();
      cpSync(join(folder, path), join(unfinished, name), { recursive: true, dereference: true });
    }
    renameSync(unfinished, target);
    note(basename(target));
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
