import { readSections } from './ini.ts';
import { folderIn, type LocationKind, type LocationSpec, type Variables } from './location.ts';

/** Amazon S3 and compatible stores. */
export const s3: LocationKind = {
  credentialKeys: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],

  base(spec) {
    const { config = {}, objectStorage } = spec;
    const endpoint = endpointOf(config);
    if (endpoint === undefined) {
      return {
        problem:
          'spec.config.s3Url must be http:// or https:// with a host and nothing else, since restic takes what follows for the bucket',
      };
    }
    const { region = '' } = config;
    return {
      url: `s3:${endpoint}/${objectStorage?.bucket ?? ''}/${folderIn(spec)}`,
      variables: region === '' ? {} : { AWS_DEFAULT_REGION: region },
    };
  },

  credentials(text, { config = {} }) {
    const name = profileOf(config);
    const sections = readSections(text);
    if ('problem' in sections) return sections;
    const profile = sections.get(name);
    if (profile === undefined) return { problem: `it has no profile [${name}]` };
    const entries = Object.entries(SETTINGS).map(([key, setting]) => [key, profile.get(setting) ?? '']);
    const variables = Object.fromEntries(entries.filter(([, value]) => value !== '')) as Variables;
    const missing = s3.credentialKeys.filter((key) => !(key in variables)).map((key) => SETTINGS[key]);
    if (missing.length === 0) return { variables };
    const others = ROLES.filter((setting) => profile.has(setting));
    const why =
      others.length === 0 ? '' : `; with ${others.join(', ')} only Velero's own process can obtain keys`;
    return { problem: `profile [${name}] has no ${missing.join(', no ')}${why}` };
  },
};

/** Names of restic's variables in the credentials file. */
const SETTINGS: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: 'aws_access_key_id',
  AWS_SECRET_ACCESS_KEY: 'aws_secret_access_key',
  AWS_SESSION_TOKEN: 'aws_session_token',
};

/** Other sources of credentials, which a mover's pod cannot use. */
const ROLES = ['role_arn', 'source_profile', 'credential_process', 'web_identity_token_file', 'sso_session'];

function profileOf({ profile = '' }: NonNullable<LocationSpec['config']>): string {
  return profile === '' ? 'default' : profile;
}

function endpointOf({ s3Url = '', region = '' }: NonNullable<LocationSpec['config']>): string | undefined {
  if (s3Url !== '') return /^(https?:\/\/[^/@?#\s]+)\/*$/.exec(s3Url)?.[1];
  if (region === '') return 'https://s3.amazonaws.com';
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}
