import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Installation } from '../../../hack/cluster/index.ts';
import { RESTIC_PASSWORD } from './setup.ts';
import type { Story } from './story.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PAGE = join(ROOT, 'docs/two-installations.md');
/** The namespace of the second installation in docs/two-installations.md. */
const NAMESPACE = 'velero-b';

/** A second installation beside that of a story, and the story from the view of its administrator. */
export interface SecondInstallation {
  readonly story: Story;
  /** Its default class. */
  readonly className: string;
  startController(): Promise<void>;
  stopController(): Promise<void>;
  /** Removes the installation with its data and its classes after its requests were deleted. */
  remove(): Promise<void>;
}

/** Installs a second Velero with a controller of its own, as docs/two-installations.md describes it. */
export async function installSecond(story: Story): Promise<SecondInstallation> {
  const installation = story.cluster.installation(NAMESPACE);
  const classes: string[] = [];
  const own = asSeenFrom(story, installation, classes);
  await story.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await applyOverlay(story);
  await installation.start();
  const className = await makeDefaultClass(story);
  classes.push(className);
  return {
    story: own,
    className,
    startController: () => installation.startController(),
    stopController: () => installation.stopController(),
    remove: async () => {
      // The controller keeps its classes as long as a request uses them, and some seconds more.
      await story.kubectl(['delete', 'datamoverclasses', ...classes, '--force', '--ignore-not-found']);
      await installation.remove();
    },
  };
}

function asSeenFrom(story: Story, installation: Installation, classes: string[]): Story {
  const { config, namespace, s3, controllerMetrics, velero } = installation;
  return {
    ...story,
    namespace,
    cluster: { ...story.cluster, config, namespace, s3, controllerMetrics, velero },
    makeClass: async (name, spec) => {
      const full = await story.makeClass(name, { ...spec, installation: namespace });
      classes.push(full);
      return full;
    },
  };
}

/** Applies the folder `velero-b` of the page, beside `config`, with the password of all tests in its secret. */
async function applyOverlay({ kubectl }: Story): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'datamover-'));
  try {
    const overlay = join(folder, NAMESPACE);
    mkdirSync(overlay);
    symlinkSync(join(ROOT, 'config'), join(folder, 'config'));
    for (const name of ['plugin-config.yaml', 'restic-secret.yaml'])
      cpSync(join(ROOT, 'config/samples', name), join(overlay, name));
    const secret = join(overlay, 'restic-secret.yaml');
    writeFileSync(secret, readFileSync(secret, 'utf8').replace('change-me', RESTIC_PASSWORD));
    writeFileSync(join(overlay, 'kustomization.yaml'), blockOfPage('namespace: velero-b'));
    await kubectl(['apply', '--server-side', '-k', overlay]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Creates the class of the page, with a restic image that the cluster already has, because it has no access to a registry. */
async function makeDefaultClass(story: Story): Promise<string> {
  const shown = parse(blockOfPage('kind: DataMoverClass')) as {
    apiVersion: string;
    kind: string;
    metadata: { name: string };
    spec: { config?: object };
  };
  const config = { ...shown.spec.config, resticImage: story.cluster.images.volsyncRestic };
  await story.make({ ...shown, ...{ spec: { ...shown.spec, config } } });
  return shown.metadata.name;
}

/** Returns the block of YAML on the page that contains a line. */
function blockOfPage(line: string): string {
  const blocks = readFileSync(PAGE, 'utf8').matchAll(/^```yaml\n(.*?)^```/gms);
  const found = [...blocks].map(([, block = '']) => block).find((block) => block.split('\n').includes(line));
  if (found === undefined) throw new Error(`${PAGE} shows no YAML with the line "${line}"`);
  return found;
}
