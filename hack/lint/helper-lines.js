import { builtinRules } from 'eslint/use-at-your-own-risk';

const maxLines = builtinRules.get('max-lines-per-function');

/**
 * The rule `max-lines-per-function` for tests. The callbacks of `describe` and `it` may be longer, because they contain one test
 * or step after the other; helpers may not.
 */
export const helperLines = {
  meta: maxLines.meta,
  create(context) {
    const isTest = ({ parent }) =>
      parent.type === 'CallExpression' && /^(describe|it)\b/.test(context.sourceCode.getText(parent.callee));
    const report = (problem) => {
      if (!isTest(problem.node)) context.report(problem);
    };
    return maxLines.create(Object.create(context, { report: { value: report } }));
  },
};
