export interface RestoreItemActionAppliesToRequest {
  'plugin'?: (string);
}

export interface RestoreItemActionAppliesToRequest__Output {
  'plugin': (string);
}
