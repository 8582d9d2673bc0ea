/** Compares the rights in the manifests with the rights that were used, to find missing and superfluous ones. */

/** One permission, for example `patch datamoverbackups.oadp.openshift.io/status`. */
export type Right = string;

/** Returns the right for a verb on `resource` or `resource/subresource`. */
export function rightOf(verb: string, group: string, resource: string): Right {
  const [name = '', subresource] = resource.split('/');
  const full = group === '' ? name : `${name}.${group}`;
  return `${verb} ${full}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** The rights of one program. */
export interface Roles {
  /** In all namespaces, and for cluster-scoped objects. */
  everywhere: ReadonlySet<Right>;
  /** In the protected namespace only. */
  protectedOnly: ReadonlySet<Right>;
}

interface RoleObject {
  kind: string;
  metadata: { name: string };
  rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

/** Returns the rights of the ClusterRoles and Roles with these names. */
export function rolesOf(objects: readonly RoleObject[], ...names: readonly string[]): Roles {
  const rightsOf = (kind: string): Set<Right> =>
    new Set(
      objects
        .filter((object) => object.kind === kind && names.includes(object.metadata.name))
        .flatMap(({ rules = [] }) => rules)
        .flatMap(({ apiGroups, resources, verbs }) =>
          apiGroups.flatMap((group) =>
            resources.flatMap((resource) => verbs.map((verb) => rightOf(verb, group, resource))),
          ),
        ),
    );
  return { everywhere: rightsOf('ClusterRole'), protectedOnly: rightsOf('Role') };
}

/** One use of a right. */
export interface Use {
  right: Right;
  /** Empty for cluster-scoped objects and for all namespaces at once. */
  namespace: string;
}

/**
 * Returns one line for each right that was used but not granted, granted but not used, or granted in all namespaces but used in
 * the protected namespace only.
 */
export function differences(
  { everywhere, protectedOnly }: Roles,
  uses: readonly Use[],
  protectedNamespace: string,
): string[] {
  const isHere = ({ namespace }: Use): boolean => namespace === protectedNamespace;
  const here = new Set(uses.filter(isHere).map(({ right }) => right));
  const elsewhere = new Set(uses.filter((use) => !isHere(use)).map(({ right }) => right));
  const missing = [
    ...[...elsewhere].filter((right) => !everywhere.has(right)),
    ...[...here].filter((right) => !everywhere.has(right) && !protectedOnly.has(right)),
  ];
  const onlyHere = (right: Right): boolean => here.has(right) && !protectedOnly.has(right);
  return [
    ...missing.map((right) => `missing: ${right}`),
    ...[...protectedOnly].filter((right) => !here.has(right)).map((right) => `unused: ${right}, in the Role`),
    ...[...everywhere]
      .filter((right) => !elsewhere.has(right))
      .map((right) =>
        onlyHere(right) ? `too wide: ${right}, a Role would do` : `unused: ${right}, in the ClusterRole`,
      ),
  ].sort();
}
