export interface RestoreItemActionItemsReadyResponse {
  'ready'?: (boolean);
}

export interface RestoreItemActionItemsReadyResponse__Output {
  'ready': (boolean);
}
