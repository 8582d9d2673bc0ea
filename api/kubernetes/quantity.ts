/** `resource.Quantity` for sizes of volumes. */

const BINARY: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const DECIMAL: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
};
const FORM = /^([+]?[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:([eE][+-]?[0-9]+)|(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E))?$/;

/** Returns the bytes of a quantity, rounded up. Throws if the text is not a quantity. */
export function parseQuantity(text: string): number {
  const match = FORM.exec(text.trim());
  if (!match) throw new Error(`"${text}" is not a size; write it as 10Gi, 500M or a number of bytes`);
  const [, digits = '0', exponent = '', suffix = ''] = match;
  const factor = exponent !== '' ? 10 ** Number(exponent.slice(1)) : (BINARY[suffix] ?? DECIMAL[suffix] ?? 1);
  return Math.ceil(Number(digits) * factor);
}

/** The API server cannot represent such a number exactly. */
const TOO_LARGE = 2 ** 63;

/** Returns true if the API server accepts the text as size of a volume and reads the same number. */
export function isSize(text: string): boolean {
  return FORM.test(text) && parseQuantity(text) < TOO_LARGE;
}
