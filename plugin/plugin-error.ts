/**
 * A call cannot be carried out, for a reason that the user can act on. The message names the object, the field and the
 * remedy; Velero shows it at the item.
 */
export class PluginError extends Error {
  override readonly name = 'PluginError';
}
