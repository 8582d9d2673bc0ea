const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Bytes of a Kubernetes quantity such as `1Gi`, `500M` or `1e9`, rounded up. Throws on anything else. */
export function parseQuantity(text: string): number {
  const match = /^(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|)$/.exec(text.trim());
  const factor = FACTORS[match?.[2] ?? '?'];
  if (match?.[1] === undefined || factor === undefined) {
    throw new Error(`${JSON.stringify(text)} is not a quantity such as 500M or 1Gi`);
  }
  return Math.ceil(Number(match[1]) * factor);
}
