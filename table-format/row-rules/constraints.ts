import { isJsonObject, type JsonValue, LakeError, parseJson } from "../../core/index.js";
import { quoteIdentifier, quoteString } from "../../engine/index.js";
import { compileExpression, inRule } from "../expression/index.js";
import {
  type DataType,
  maximumLength,
  type StructField,
  type StructType,
  typeText,
} from "../schema/index.js";
import { checkConstraints } from "../schema-change/dependents.js";

/** The kinds of rules that a row can break. */
export type ConstraintKind = "check" | "invariant" | "not-null" | "generated" | "length";

/** A rule that every written row keeps. */
export interface Constraint {
  readonly kind: ConstraintKind;
  /** The name of a CHECK constraint; otherwise the path of the column or field, parts joined by points. */
  readonly name: string;
  /** The condition as the table states it, in Spark SQL. */
  readonly expression: string;
  /**
   * DuckDB SQL over the table's columns by their logical names: TRUE for a row that keeps the rule. FALSE
   * and NULL break it.
   */
  readonly sql: string;
  /** The columns that it speaks of. */
  readonly columns: readonly string[];
}

/** SQL that raises an error for a part of a rule that cannot be evaluated for a row. */
export type RuleFailure = (rule: Omit<Constraint, "sql" | "columns">, what: string) => string;

/**
 * The rules of a table that hold for every row: NOT NULL at every level, column invariants and CHECK
 * constraints (PROTOCOL.md, "Column Invariants" and "CHECK Constraints": a result of false or NULL aborts the
 * write). They hold whatever features the protocol lists: who sets a rule without its feature means it all
 * the same, and delta-spark does as much.
 *
 * @throws LakeError `unsupported` naming a rule whose expression this release does not evaluate, `corrupt` for
 * an invariant that is not in the protocol's form, `invalid-input` for one that does not fit the columns.
 */
export function constraintsOf(
  schema: StructType,
  configuration: Readonly<Record<string, string>>,
  fail?: RuleFailure,
): Constraint[] {
  const checks = [...checkConstraints(configuration)].map(([name, expression]) =>
    condition(schema, "check", name, expression, fail),
  );
  const invariants = invariantsIn(schema, [], undefined).map(([path, expression]) =>
    condition(schema, "invariant", path.join("."), expression, fail),
  );
  return [
    ...schema.fields.flatMap(notNullOfColumn),
    ...schema.fields.flatMap(lengthOfColumn),
    ...invariants,
    ...checks,
  ];
}

function condition(
  columns: StructType,
  kind: "check" | "invariant",
  name: string,
  expression: string,
  fail: RuleFailure | undefined,
): Constraint {
  const rule = { kind, name, expression };
  return inRule(`${ruleText(rule)}`, () => {
    const compiled = compileExpression(expression, {
      columns,
      fail: fail === undefined ? undefined : (what) => fail(rule, what),
    });
    if (compiled.type !== undefined && compiled.type.type !== "boolean") {
      throw new LakeError(
        "invalid-input",
        "expression-type",
        `the condition is ${typeText(compiled.type)}, not true or false`,
        { context: { expression } },
      );
    }
    return { ...rule, sql: compiled.sql, columns: compiled.columns };
  });
}

/** A rule as messages name it. */
export function ruleText({ kind, name, expression }: Omit<Constraint, "sql" | "columns">): string {
  switch (kind) {
    case "check":
      return `the CHECK constraint ${name} (${expression})`;
    case "invariant":
      return `the invariant of column ${name} (${expression})`;
    case "not-null":
      return `NOT NULL of column ${name}`;
    case "length":
      return `the length of column ${name} (${expression})`;
    case "generated":
      return `the generation expression of column ${name} (${expression})`;
  }
}

/** The invariants of columns and of fields of structs, each with its path. */
function invariantsIn(
  type: DataType,
  path: readonly string[],
  inside: "array" | "map" | undefined,
): [readonly string[], string][] {
  switch (type.type) {
    case "struct":
      return type.fields.flatMap((field) => {
        const here = [...path, field.name];
        const own = field.metadata["delta.invariants"];
        if (own !== undefined && inside !== undefined) {
          throw new LakeError(
            "unsupported",
            "invariant",
            `column ${here.join(".")} has an invariant inside ${inside === "array" ? "an array" : "a map"}, which this release does not check`,
            { context: { column: here.join(".") } },
          );
        }
        const nested = invariantsIn(field.type, here, inside);
        return own === undefined ? nested : [[here, invariantExpression(own, here)], ...nested];
      });
    case "array":
      return invariantsIn(type.elementType, [...path, "element"], "array");
    case "map":
      return [
        ...invariantsIn(type.keyType, [...path, "key"], "map"),
        ...invariantsIn(type.valueType, [...path, "value"], "map"),
      ];
    default:
      return [];
  }
}

/** PROTOCOL.md, "Column Invariants": JSON text with the expression at `expression.expression`. */
function invariantExpression(value: JsonValue, path: readonly string[]): string {
  const parsed = typeof value === "string" ? jsonOf(value) : value;
  const outer = isJsonObject(parsed) ? parsed["expression"] : undefined;
  const expression = isJsonObject(outer) ? outer["expression"] : undefined;
  if (typeof expression === "string") return expression;
  throw new LakeError(
    "corrupt",
    "schema",
    `column ${path.join(".")} has an invariant without an expression`,
    {
      context: { column: path.join(".") },
    },
  );
}

/** `undefined` when the text is not JSON, which the caller reports. */
function jsonOf(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function notNullOfColumn(field: StructField): Constraint[] {
  const sql = quoteIdentifier(field.name);
  return notNullRules(field, sql, field.name).map(({ path, sql: rule }) => ({
    kind: "not-null",
    name: path,
    expression: `${path} IS NOT NULL`,
    sql: rule,
    columns: [field.name],
  }));
}

/** Columns that Spark knows as `char(n)` or `varchar(n)` take texts of up to so many characters. */
function lengthOfColumn(field: StructField): Constraint[] {
  const length = maximumLength(field);
  if (length === undefined) return [];
  const sql = quoteIdentifier(field.name);
  return [
    {
      kind: "length",
      name: field.name,
      expression: `at most ${length} characters`,
      sql: `${sql} IS NULL OR length(${sql}) <= ${length}`,
      columns: [field.name],
    },
  ];
}

interface NotNullRule {
  readonly path: string;
  readonly sql: string;
}

/**
 * A field that is NOT NULL inside a struct that is NULL is NULL itself and breaks the rule, as in delta-spark
 * (InvariantEnforcementSuite, "reject non-nullable nested column").
 */
function notNullRules(field: StructField, sql: string, path: string): NotNullRule[] {
  const own = field.nullable ? [] : [{ path, sql: `${sql} IS NOT NULL` }];
  return [...own, ...notNullInside(field.type, sql, path, 0)];
}

function notNullInside(type: DataType, sql: string, path: string, depth: number): NotNullRule[] {
  const item = `item${depth}`;
  switch (type.type) {
    case "struct":
      return type.fields.flatMap((field) => {
        const of = `struct_extract(${sql}, ${quoteString(field.name)})`;
        const here = `${path}.${field.name}`;
        const own = field.nullable ? [] : [{ path: here, sql: `${of} IS NOT NULL` }];
        return [...own, ...notNullInside(field.type, of, here, depth)];
      });
    case "array":
      return everyItem(sql, item, [
        ...(type.containsNull ? [] : [{ path: `${path}.element`, sql: `${item} IS NOT NULL` }]),
        ...notNullInside(type.elementType, item, `${path}.element`, depth + 1).map((rule) =>
          unlessNull(item, rule),
        ),
      ]);
    case "map":
      return [
        ...everyItem(`map_keys(${sql})`, item, notNullInside(type.keyType, item, `${path}.key`, depth + 1)),
        ...everyItem(`map_values(${sql})`, item, [
          ...(type.valueContainsNull ? [] : [{ path: `${path}.value`, sql: `${item} IS NOT NULL` }]),
          ...notNullInside(type.valueType, item, `${path}.value`, depth + 1).map((rule) =>
            unlessNull(item, rule),
          ),
        ]),
      ];
    default:
      return [];
  }
}

function unlessNull(item: string, rule: NotNullRule): NotNullRule {
  return { path: rule.path, sql: `(${item} IS NULL OR ${rule.sql})` };
}

/** Rules of the items of a list, as rules of the list: none of a list that is NULL. */
function everyItem(list: string, item: string, rules: readonly NotNullRule[]): NotNullRule[] {
  return rules.map((rule) => ({
    path: rule.path,
    sql: `coalesce(len(list_filter(${list}, lambda ${item}: NOT (${rule.sql}))), 0) = 0`,
  }));
}
