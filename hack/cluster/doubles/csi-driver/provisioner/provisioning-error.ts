/** The claim cannot be served for now; the message goes into a `ProvisioningFailed` event and the claim is tried again. */
export class ProvisioningError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProvisioningError';
  }
}
