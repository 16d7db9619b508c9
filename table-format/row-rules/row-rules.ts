import { LakeError } from "../../core/index.js";
import { quoteIdentifier } from "../../engine/index.js";
import { compileExpression, inRule } from "../expression/index.js";
import type { Protocol } from "../log/actions.js";
import { writerFeatures } from "../protocol/features.js";
import { findField, type StructField, type StructType } from "../schema/index.js";
import { type Constraint, constraintsOf, ruleText } from "./constraints.js";
import { checkTopLevel } from "./field-rules.js";
import { type IdentityColumn, identityOf, isIdentity } from "./identity.js";
import { failedRuleSql } from "./violation.js";

/** Where a column's values come from in the rows of one write. */
export type ColumnRule =
  /** From what is being written. */
  | { readonly kind: "source"; readonly field: StructField }
  /** Nothing gives it a value. */
  | { readonly kind: "null"; readonly field: StructField }
  /** Its default: `sql` names no columns. */
  | { readonly kind: "default"; readonly field: StructField; readonly sql: string }
  /** From other columns of the same row: `sql` is over the table's columns by their logical names. */
  | { readonly kind: "generated"; readonly field: StructField; readonly sql: string }
  | { readonly kind: "identity"; readonly field: StructField; readonly identity: IdentityColumn };

/** What a table asks of the rows of one write. */
export interface RowRules {
  /** One for each column of the schema, in its order. */
  readonly columns: readonly ColumnRule[];
  /** What every row keeps, the values included that were made for it. */
  readonly constraints: readonly Constraint[];
  /** See {@link RowRulesRequest.marker}. */
  readonly marker: string;
}

export interface RowRulesRequest {
  /** The table's schema as the commit will leave it, with its logical names. */
  readonly schema: StructType;
  readonly configuration: Readonly<Record<string, string>>;
  readonly protocol: Protocol;
  /** The columns that the rows bring, whatever the case: of a file, of an INSERT's list, of an UPDATE's SET. */
  readonly given: readonly string[];
  /**
   * The columns whose values are carried over from rows of the table, as by UPDATE, MERGE and compaction. A
   * generated column that is neither here nor in `given` is computed anew.
   */
  readonly kept?: readonly string[] | undefined;
  /** A UUID of this write alone, by which its errors are known: `newUuid()`. */
  readonly marker: string;
  /** The instant of `current_timestamp` in defaults, in milliseconds since the epoch. */
  readonly now?: number | undefined;
}

/**
 * Says for each column where its values come from, and what every row is checked for. Generated columns,
 * defaults and identity columns count only where the protocol has their feature: metadata without it is what
 * an older writer carried along (delta-spark's `GeneratedColumn`); constraints always count.
 *
 * - a column that the rows bring is taken as it is, and a generated one checked: `value <=> expression`
 *   (PROTOCOL.md, "Generated Columns")
 * - one that they do not bring is generated, or gets its default, or is NULL (PROTOCOL.md, "Default Columns")
 * - an identity column gets numbers, and may be brought only where that is allowed (PROTOCOL.md, "Identity
 *   Columns")
 *
 * @throws LakeError `invalid-input` for an identity column that must not be brought and for a NOT NULL column
 * that nothing gives a value; `unsupported` naming a rule that this release does not evaluate.
 */
export function rowRulesFor(request: RowRulesRequest): RowRules {
  const { schema, marker } = request;
  const features = new Set(writerFeatures(request.protocol));
  checkTopLevel(schema, features);
  const planner = new ColumnPlanner(request, features);
  const columns = schema.fields.map((field) => planner.plan(field));
  const constraints = constraintsOf(schema, request.configuration, (rule, what) =>
    failedRuleSql(marker, rule, what),
  );
  return { columns, constraints: [...constraints, ...planner.constraints], marker };
}

class ColumnPlanner {
  readonly constraints: Constraint[] = [];
  readonly #request: RowRulesRequest;
  readonly #features: ReadonlySet<string>;
  readonly #given: ReadonlySet<string>;
  readonly #kept: ReadonlySet<string>;

  constructor(request: RowRulesRequest, features: ReadonlySet<string>) {
    this.#request = request;
    this.#features = features;
    this.#given = inSchema(request.schema, request.given);
    this.#kept = inSchema(request.schema, request.kept ?? []);
  }

  plan(field: StructField): ColumnRule {
    const isGiven = this.#given.has(field.name);
    const isThere = isGiven || this.#kept.has(field.name);
    const generation = field.metadata["delta.generationExpression"];
    if (this.#features.has("generatedColumns") && typeof generation === "string") {
      return this.#generated(field, generation, isThere);
    }
    if (this.#features.has("identityColumns") && isIdentity(field))
      return this.#identity(field, isGiven, isThere);
    if (isThere) return { kind: "source", field };
    const initial = field.metadata["CURRENT_DEFAULT"];
    if (this.#features.has("allowColumnDefaults") && typeof initial === "string") {
      return { kind: "default", field, sql: this.#defaultSql(field, initial) };
    }
    if (!field.nullable) throw missing(field);
    return { kind: "null", field };
  }

  #generated(field: StructField, expression: string, isThere: boolean): ColumnRule {
    const rule = { kind: "generated", name: field.name, expression } as const;
    const { schema, marker } = this.#request;
    const isPlain = (other: StructField): boolean =>
      typeof other.metadata["delta.generationExpression"] !== "string";
    const compiled = inRule(ruleText(rule), () =>
      compileExpression(
        expression,
        // delta-spark refuses one generated column in the expression of another.
        {
          columns: { type: "struct", fields: schema.fields.filter(isPlain) },
          fail: (what) => failedRuleSql(marker, rule, what),
        },
        field.type,
      ),
    );
    if (!isThere) return { kind: "generated", field, sql: compiled.sql };
    this.constraints.push({
      ...rule,
      sql: `${quoteIdentifier(field.name)} IS NOT DISTINCT FROM ${compiled.sql}`,
      columns: [field.name, ...compiled.columns],
    });
    return { kind: "source", field };
  }

  #identity(field: StructField, isGiven: boolean, isThere: boolean): ColumnRule {
    const identity = identityOf(field);
    if (identity === undefined || (isThere && !isGiven)) return { kind: "source", field };
    if (!isGiven) return { kind: "identity", field, identity };
    if (identity.allowExplicitInsert) return { kind: "source", field };
    throw new LakeError(
      "invalid-input",
      "identity-given",
      `column ${field.name} is GENERATED ALWAYS AS IDENTITY: its values cannot be given`,
      { context: { column: field.name }, hint: "Leave the column out of the source." },
    );
  }

  #defaultSql(field: StructField, expression: string): string {
    const { now } = this.#request;
    const none: StructType = { type: "struct", fields: [] };
    return inRule(
      `the default of column ${field.name} (${expression})`,
      () => compileExpression(expression, { columns: none, allowVolatile: true, now }, field.type).sql,
    );
  }
}

/** The names in the schema's own case; what the schema has not is the caller's to have dealt with. */
function inSchema(schema: StructType, names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => findField(schema, name)?.name ?? []));
}

function missing(field: StructField): LakeError {
  return new LakeError(
    "invalid-input",
    "column-missing",
    `the source has no column "${field.name}", which the table needs`,
    { context: { column: field.name }, hint: "The column is NOT NULL: give it a value." },
  );
}
