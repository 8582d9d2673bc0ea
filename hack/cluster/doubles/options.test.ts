import { describe, expect, it } from '@jest/globals';
import { parseOptions as parseDriver } from './csi-driver/options.ts';
import { parseOptions as parseVolSync } from './volsync/options.ts';

describe('the command lines', () => {
  it('of the driver names what is missing', () => {
    const args = ['--node-name', 'n', '--kubelet-dir', 'k', '--data-dir', 'd'];
    expect(() => parseDriver(args)).toThrow('--kubeconfig is required');
    expect(parseDriver([...args, '--kubeconfig', 'c'])).toEqual({
      name: 'csi-test.datamover.local',
      nodeName: 'n',
      kubeletDir: 'k',
      dataDir: 'd',
      kubeconfig: 'c',
      verbose: false,
    });
  });

  it('of the VolSync double default to the numbers of VolSync', () => {
    const args = ['--kubeconfig', 'c', '--mover-image', 'i'];
    expect(parseVolSync(args)).toMatchObject({ timeScale: 1, failureLimit: 8, logMaxBytes: 1024 });
    expect(() => parseVolSync([...args, '--time-scale', '0'])).toThrow(
      '--time-scale must be a positive number',
    );
    expect(() => parseVolSync(['--kubeconfig', 'c'])).toThrow('--mover-image is required');
  });
});
