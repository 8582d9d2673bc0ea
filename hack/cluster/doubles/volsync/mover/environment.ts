/** One entry of a container's environment. */
export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef: { name: string; key: string; optional: boolean } };
}

const family = (prefix: string, names: string): string[] =>
  names.split(' ').map((name) => `${prefix}_${name}`);

/** Keys without which the mover cannot run. */
export const MANDATORY_KEYS: readonly string[] = ['RESTIC_REPOSITORY', 'RESTIC_PASSWORD'];

/** Keys that are passed on if the Secret has them, in this order. All other keys except `RCLONE_*` are dropped. */
const OPTIONAL_KEYS: readonly string[] = [
  ...family('RESTIC', 'COMPRESSION PACK_SIZE READ_CONCURRENCY'),
  ...family('AWS', 'ACCESS_KEY_ID SECRET_ACCESS_KEY SESSION_TOKEN DEFAULT_REGION PROFILE'),
  ...family('RESTIC_AWS_ASSUME_ROLE', 'ARN SESSION_NAME EXTERNAL_ID POLICY REGION STS_ENDPOINT'),
  ...family('ST', 'AUTH USER KEY'),
  ...family(
    'OS',
    'AUTH_URL REGION_NAME USERNAME USER_ID PASSWORD TENANT_ID TENANT_NAME USER_DOMAIN_NAME USER_DOMAIN_ID ' +
      'PROJECT_NAME PROJECT_DOMAIN_NAME PROJECT_DOMAIN_ID TRUST_ID APPLICATION_CREDENTIAL_ID ' +
      'APPLICATION_CREDENTIAL_NAME APPLICATION_CREDENTIAL_SECRET STORAGE_URL AUTH_TOKEN',
  ),
  ...family('B2', 'ACCOUNT_ID ACCOUNT_KEY'),
  ...family(
    'AZURE',
    'ACCOUNT_NAME ACCOUNT_KEY ACCOUNT_SAS ENDPOINT_SUFFIX TENANT_ID CLIENT_ID FEDERATED_TOKEN_FILE',
  ),
  'GOOGLE_PROJECT_ID',
  ...family('RESTIC_REST', 'USERNAME PASSWORD'),
];

export const GOOGLE_CREDENTIALS = 'GOOGLE_APPLICATION_CREDENTIALS';

export interface EnvironmentInput {
  forgetOptions: string;
  restoreAsOf?: string;
  previous?: number;
  /** `--delete` or empty. */
  restoreOptions: string;
  secretName: string;
  secretKeys: readonly string[];
  /** Environment of this process, for proxies. */
  processEnv: Readonly<Record<string, string | undefined>>;
  debug: boolean;
  customCA: boolean;
  privileged: boolean;
}

/** Returns the mover's environment. Its names depend on the keys of the Secret, never on its values. */
export function moverEnvironment(input: EnvironmentInput): EnvVar[] {
  const fromSecret = (key: string, optional: boolean): EnvVar => ({
    name: key,
    valueFrom: { secretKeyRef: { name: input.secretName, key, optional } },
  });
  const present = new Set(input.secretKeys);
  return [
    { name: 'FORGET_OPTIONS', value: input.forgetOptions },
    { name: 'DATA_DIR', value: '/data' },
    { name: 'RESTIC_CACHE_DIR', value: '/cache' },
    { name: 'RESTORE_AS_OF', value: input.restoreAsOf ?? '' },
    { name: 'SELECT_PREVIOUS', value: String(input.previous ?? 0) },
    { name: 'RESTORE_OPTIONS', value: input.restoreOptions },
    ...MANDATORY_KEYS.map((key) => fromSecret(key, false)),
    ...OPTIONAL_KEYS.filter((key) => present.has(key)).map((key) => fromSecret(key, true)),
    ...[...present]
      .filter((key) => key.startsWith('RCLONE_'))
      .sort()
      .map((key) => fromSecret(key, true)),
    ...proxies(input.processEnv),
    ...(input.debug ? [{ name: 'DEBUG_MOVER', value: '1' }] : []),
    ...(input.customCA ? [{ name: 'CUSTOM_CA', value: '/customCA/ca.crt' }] : []),
    ...(present.has(GOOGLE_CREDENTIALS)
      ? [{ name: GOOGLE_CREDENTIALS, value: '/credentials/gcs.json' }]
      : []),
    { name: 'PRIVILEGED_MOVER', value: input.privileged ? '1' : '0' },
  ];
}

function proxies(env: EnvironmentInput['processEnv']): EnvVar[] {
  return ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => {
    const value = env[name];
    if (value === undefined || value === '') return [];
    return [
      { name, value },
      { name: name.toLowerCase(), value },
    ];
  });
}
