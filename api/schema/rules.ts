/** CEL rules of our kinds. The API server enforces them, so no client can bypass them. */

/** One entry of `x-kubernetes-validations`. */
export interface CelRule {
  rule: string;
  message: string;
  /** The field in the error. */
  fieldPath?: string;
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden';
}

/** Adds rules to a schema: `schema.meta(rules(…))`. `self` is the value of that schema. */
export function rules(...list: readonly CelRule[]): { 'x-kubernetes-validations': readonly CelRule[] } {
  return { 'x-kubernetes-validations': list };
}

/**
 * Returns a rule: the field, or its absence, cannot change after creation. If it could, data that is already staged or uploaded
 * would belong to no request.
 */
export function immutable(field: string, remedy: string): CelRule {
  return {
    rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} cannot be changed after creation; ${remedy}`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  };
}

/** Returns a rule: the field can be set after creation, but only once. */
export function settableOnce(field: string): CelRule {
  return {
    rule: `!has(oldSelf.${field}) || (has(self.${field}) && self.${field} == oldSelf.${field})`,
    message: `${field} is already set and cannot be changed`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  };
}

/** Returns a rule: once the boolean is true, it stays true. */
export function latching(field: string): CelRule {
  return {
    rule: `!has(oldSelf.${field}) || !oldSelf.${field} || (has(self.${field}) && self.${field})`,
    message: `${field} cannot be taken back once it is true`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  };
}
