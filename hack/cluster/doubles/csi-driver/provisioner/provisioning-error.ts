/** A claim cannot be provisioned yet. The message is written to a `ProvisioningFailed` Event and the claim is retried. */
export class ProvisioningError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProvisioningError';
  }
}
