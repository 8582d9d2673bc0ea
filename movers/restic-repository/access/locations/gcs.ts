import { folderIn, type LocationKind } from './location.ts';

/** Google Cloud Storage. */
export const gcs: LocationKind = {
  credentialKeys: ['GOOGLE_APPLICATION_CREDENTIALS'],

  base: (spec) => ({ url: `gs:${spec.objectStorage?.bucket ?? ''}:/${folderIn(spec)}`, variables: {} }),

  credentials(text) {
    const account = parse(text);
    if (account === undefined) return { problem: 'it is not JSON' };
    if (account['type'] !== 'service_account') {
      return {
        problem:
          'it is not the key of a service account ("type": "service_account"); restic supports no other identity',
      };
    }
    const missing = ['client_email', 'private_key'].filter((field) => !isText(account[field]));
    if (missing.length > 0) return { problem: `the service account's key has no ${missing.join(', no ')}` };
    const project = account['project_id'];
    return {
      variables: {
        GOOGLE_APPLICATION_CREDENTIALS: text,
        ...(isText(project) && { GOOGLE_PROJECT_ID: project }),
      },
    };
  },
};

/** Parses JSON. Drops the parser's error, because its message would quote the text. */
function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
