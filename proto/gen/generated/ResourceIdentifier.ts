export interface ResourceIdentifier {
  'group'?: (string);
  'resource'?: (string);
  'namespace'?: (string);
  'name'?: (string);
}

export interface ResourceIdentifier__Output {
  'group': (string);
  'resource': (string);
  'namespace': (string);
  'name': (string);
}
