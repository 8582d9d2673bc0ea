/** CEL rules that the API server itself enforces on our kinds: the part of validation no client can go around. */

/** One entry of `x-kubernetes-validations`. */
export interface CelRule {
  rule: string;
  message: string;
  /** The field an error points at. */
  fieldPath?: string;
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden';
}

/** Attaches rules to a schema: `schema.meta(rules(…))`. `self` is the value of that schema. */
export function rules(...list: readonly CelRule[]): { 'x-kubernetes-validations': readonly CelRule[] } {
  return { 'x-kubernetes-validations': list };
}

/**
 * The field stays as it was created, absent included. A request that has begun cannot become another one:
 * what is already staged or uploaded would belong to nobody.
 */
export function immutable(field: string, remedy: string): CelRule {
  return {
    rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} cannot be changed after creation; ${remedy}`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  };
}

/** The field may be given a value later, but only once. */
export function settableOnce(field: string): CelRule {
  return {
    rule: `!has(oldSelf.${field}) || (has(self.${field}) && self.${field} == oldSelf.${field})`,
    message: `${field} is already set and cannot be changed`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  };
}

/** A boolean that may become true and then stays true. */
export function latching(field: string): CelRule {
  return {
    rule: `!has(oldSelf.${field}) || !oldSelf.${field} || (has(self.${field}) && self.${field})`,
    message: `${field} cannot be taken back once it is true`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  };
}
