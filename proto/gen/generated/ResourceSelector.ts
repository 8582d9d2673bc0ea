export interface ResourceSelector {
  'includedNamespaces'?: (string)[];
  'excludedNamespaces'?: (string)[];
  'includedResources'?: (string)[];
  'excludedResources'?: (string)[];
  'selector'?: (string);
}

export interface ResourceSelector__Output {
  'includedNamespaces': (string)[];
  'excludedNamespaces': (string)[];
  'includedResources': (string)[];
  'excludedResources': (string)[];
  'selector': (string);
}
