export interface ItemBlockActionAppliesToRequest {
  'plugin'?: (string);
}

export interface ItemBlockActionAppliesToRequest__Output {
  'plugin': (string);
}
