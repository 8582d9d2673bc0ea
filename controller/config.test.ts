import { describe, expect, it } from '@jest/globals';
import { parseConfig } from './config.ts';

describe('the command line', () => {
  it('has a default for everything', () => {
    expect(parseConfig([], {})).toMatchObject({
      namespace: 'velero',
      kubeconfig: undefined,
      clusterName: undefined,
      logLevel: 'info',
      metricsBindAddress: { host: '0.0.0.0', port: 8080 },
      workers: 10,
      janitorIntervalMs: 300_000,
      leaderElection: true,
    });
  });

  it('takes namespace and identity from POD_NAMESPACE and POD_NAME', () => {
    const { namespace, identity } = parseConfig([], {
      POD_NAMESPACE: 'openshift-adp',
      POD_NAME: 'controller-1',
    });
    expect(namespace).toBe('openshift-adp');
    expect(identity).toBe(`controller-1-${String(process.pid)}`);
  });

  it.each([
    [['--namespace', 'backup'], { namespace: 'backup' }],
    [['--kubeconfig=/etc/k'], { kubeconfig: '/etc/k' }],
    [['--cluster-name', 'blue.example'], { clusterName: 'blue.example' }],
    [['--log-level', 'debug'], { logLevel: 'debug' }],
    [['--workers', '3'], { workers: 3 }],
    [['--janitor-interval', '5'], { janitorIntervalMs: 5_000 }],
    [['--leader-election', 'false'], { leaderElection: false }],
    [['--metrics-bind-address', '[::1]:0'], { metricsBindAddress: { host: '::1', port: 0 } }],
    [['--metrics-bind-address', ':9090'], { metricsBindAddress: { host: '', port: 9090 } }],
  ])('reads %j', (args, expected) => {
    expect(parseConfig(args, { POD_NAMESPACE: 'velero' })).toMatchObject(expected);
  });

  it.each([
    [['--log-level', 'loud'], '--log-level loud: must be one of debug, info, warn, error'],
    [['--workers', '0'], '--workers 0'],
    [['--workers', 'many'], '--workers many'],
    [['--workers', '1.5'], '--workers 1.5'],
    [['--leader-election', 'maybe'], '--leader-election maybe'],
    [['--cluster-name', '../up'], '--cluster-name ../up'],
    [['--cluster-name', 'Blue'], '--cluster-name Blue'],
    [['--cluster-name', ''], '--cluster-name'],
    [['--metrics-bind-address', '8080'], '--metrics-bind-address 8080: must be HOST:PORT'],
    [['--metrics-bind-address', 'h:70000'], '--metrics-bind-address h:70000'],
    [['--unknown'], '--unknown'],
    [['positional'], 'positional'],
  ])('refuses %j and names the option', (args, text) => {
    expect(() => parseConfig(args, {})).toThrow(text);
  });
});
