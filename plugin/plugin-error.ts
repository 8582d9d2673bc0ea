/**
 * A failure of a call that the user can fix. The message names the object, the field and the remedy; Velero shows it with the
 * item.
 */
export class PluginError extends Error {
  override readonly name = 'PluginError';
}
