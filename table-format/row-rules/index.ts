export { type Constraint, type ConstraintKind, constraintsOf, ruleText } from "./constraints.js";
export { type IdentityColumn, identityOf, withHighWaterMarks } from "./identity.js";
export { type ColumnRule, type RowRules, type RowRulesRequest, rowRulesFor } from "./row-rules.js";
export { numberedColumns, type RowsSelect, rowsSelect, sourceSchema } from "./rows-select.js";
export { checkedSelect, violationOf } from "./violation.js";
