import { describe, expect, it } from '@jest/globals';
import { FakeKube } from '../tests/fakes/fake-kube.ts';
import { configMaps, type ConfigMap } from '../api/kubernetes/core.ts';
import { dataProtectionApplications, type DataProtectionApplication } from '../api/velero/v1.ts';
import { KubeError } from '../kube/client/kube-error.ts';
import { loadSettings } from './settings.ts';

const NAMESPACE = 'velero';
const LABELS = { 'velero.io/plugin-config': '', 'oadp.openshift.io/data-mover': 'BackupItemActionV2' };

function configMap(
  data: Record<string, string>,
  changes: { name?: string; labels?: object; namespace?: string } = {},
) {
  const { name = 'switch', labels = LABELS, namespace = NAMESPACE } = changes;
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data } as ConfigMap;
}

function application(spec: DataProtectionApplication['spec']): DataProtectionApplication {
  return {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataProtectionApplication',
    metadata: { name: 'dpa', namespace: NAMESPACE },
    spec,
  };
}

async function settingsWith(applications: DataProtectionApplication[], maps: ConfigMap[]) {
  const kube = new FakeKube();
  for (const one of applications) kube.seed(dataProtectionApplications, one);
  for (const one of maps) kube.seed(configMaps, one);
  return loadSettings(kube.client(), NAMESPACE);
}

describe('the switch', () => {
  it('is off if nothing sets it', async () => {
    expect(await settingsWith([], [])).toEqual({
      enabled: false,
      origin: 'no configuration enables it in namespace velero',
    });
  });

  it.each([
    ['the published field', { dataMoverEnable: true }, true],
    ['the feature', { features: { dataMover: { enable: true } } }, true],
    [
      'the feature before the published field',
      { features: { dataMover: { enable: false } }, dataMoverEnable: true },
      false,
    ],
  ])('is set by the DataProtectionApplication: %s', async (_, spec, enabled) => {
    const opposite = configMap({ enable: String(!enabled) });
    expect(await settingsWith([application(spec)], [opposite])).toMatchObject({ enabled });
  });

  it('is set by the ConfigMap if the DataProtectionApplication does not set it', async () => {
    const settings = await settingsWith([application({})], [configMap({ enable: ' true\n' })]);
    expect(settings).toEqual({ enabled: true, origin: 'data.enable of ConfigMap velero/switch' });
  });

  it('is not looked for in other namespaces or in ConfigMaps without the labels', async () => {
    const elsewhere = configMap({ enable: 'true' }, { namespace: 'app' });
    const unlabelled = configMap({ enable: 'true' }, { labels: { 'velero.io/plugin-config': '' } });
    expect(await settingsWith([], [elsewhere, unlabelled])).toMatchObject({ enabled: false });
  });

  it.each([
    [{ enable: 'yes' }, 'data.enable of ConfigMap velero/switch is "yes"; it must be "true" or "false"'],
    [{}, 'data.enable of ConfigMap velero/switch is missing; it must be "true" or "false"'],
  ])('that cannot be read is an error: %p', async (data, message) => {
    await expect(settingsWith([], [configMap(data as Record<string, string>)])).rejects.toThrow(message);
  });

  it('is given by one ConfigMap only', async () => {
    const two = [configMap({ enable: 'true' }), configMap({ enable: 'true' }, { name: 'other' })];
    await expect(settingsWith([], two)).rejects.toThrow(/velero\/other, velero\/switch.*keep one/);
  });

  it('does not require the DataProtectionApplication kind, but fails on any other error', async () => {
    const kube = new FakeKube();
    kube.seed(configMaps, configMap({ enable: 'true' }));
    const failWith = (code: number, reason: string) => {
      kube.before = ({ kind }) => {
        if (kind.plural === dataProtectionApplications.plural)
          throw new KubeError({ code, reason, message: reason });
      };
    };
    failWith(404, 'NotFound');
    expect(await loadSettings(kube.client(), NAMESPACE)).toMatchObject({ enabled: true });
    failWith(403, 'Forbidden');
    await expect(loadSettings(kube.client(), NAMESPACE)).rejects.toThrow('Forbidden');
  });
});
