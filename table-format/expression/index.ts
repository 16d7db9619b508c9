export {
  type CompiledExpression,
  compileExpression,
  type ExpressionScope,
  sameShape,
} from "./compile.js";
export { inRule } from "./failure.js";
export { parseExpression } from "./parse.js";
export type { Expression } from "./syntax.js";
