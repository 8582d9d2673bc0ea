import type { OperationProgress as _generated_OperationProgress, OperationProgress__Output as _generated_OperationProgress__Output } from '../generated/OperationProgress.ts';

export interface BackupItemActionProgressResponse {
  'progress'?: (_generated_OperationProgress | null);
}

export interface BackupItemActionProgressResponse__Output {
  'progress': (_generated_OperationProgress__Output | null);
}
