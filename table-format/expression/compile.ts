import { quoteIdentifier, quoteString } from "../../engine/index.js";
import { type DataType, findField, type StructType, typeText } from "../schema/index.js";
import { callFunction } from "./call.js";
import { castSql, coerce, tryCastSql } from "./cast.js";
import { invalidExpression, unsupportedExpression } from "./failure.js";
import { literalSql } from "./literal-sql.js";
import { arithmetic, comparison, complement, connective, inCommonType, negate } from "./operators.js";
import { parseExpression } from "./parse.js";
import { likeSql } from "./pattern.js";
import type { Expression } from "./syntax.js";
import { BOOLEAN, isStored, isWhole, made, type TypedSql, valueTypeText } from "./typed-sql.js";

/** What an expression may name, and what it may do. */
export interface ExpressionScope {
  /** The columns that may be named; case is ignored. */
  readonly columns: StructType;
  /**
   * SQL for a column or a field of a struct column, given by its logical names in the schema's own case,
   * with the type that `engineType` gives for it. Default: the column by its quoted name, and its fields
   * by `struct_extract`.
   */
  readonly sqlOf?: ((path: readonly string[]) => string) | undefined;
  /** SQL that raises an error with the given text. Default: DuckDB's `error`. */
  readonly fail?: ((what: string) => string) | undefined;
  /**
   * Whether functions are allowed whose value another evaluation does not repeat: `current_timestamp`,
   * `current_date`, `uuid`. Only default values may use them.
   */
  readonly allowVolatile?: boolean | undefined;
  /** The instant of `current_timestamp`, in milliseconds since the epoch. Default: when the SQL runs. */
  readonly now?: number | undefined;
}

export interface CompiledExpression {
  /** DuckDB SQL, to be put anywhere. */
  readonly sql: string;
  /** Its Delta type; `undefined` when it is a bare NULL, which every type takes. */
  readonly type: DataType | undefined;
  /** Names, in the schema's own case, of the columns that it uses, each once. */
  readonly columns: readonly string[];
  /** Whether it calls a function that another evaluation does not repeat. */
  readonly isVolatile: boolean;
}

/** Parts are repeated where a value is tested first, so that deep nesting grows fast. */
const MAX_SQL = 1_000_000;

/**
 * Compiles a Spark SQL expression, as text or parsed, to DuckDB SQL of the same meaning, as Spark evaluates it under ANSI and in
 * UTC: overflow, division by zero and casts that do not fit are errors when it runs. `asType` casts the
 * result as an assignment to a column does.
 *
 * @throws LakeError `invalid-input` for a column that there is not and for types that do not go together,
 * `unsupported` naming the function or the construct that this release does not evaluate.
 */
export function compileExpression(
  expression: string | Expression,
  scope: ExpressionScope,
  asType?: DataType,
): CompiledExpression {
  const compiler = new Compiler(scope);
  const parsed = typeof expression === "string" ? parseExpression(expression) : expression;
  const value = compiler.compile(parsed);
  const { columns, isVolatile } = compiler;
  const typed = asType === undefined ? value : compiler.assign(value, asType);
  if (typed.sql.length > MAX_SQL) throw unsupportedExpression("an expression this large");
  if (typed.type.type === "interval") throw unsupportedExpression("a value of the type interval");
  return {
    sql: typed.sql,
    type: typed.type.type === "void" ? undefined : typed.type,
    columns: [...columns],
    isVolatile,
  };
}

/** What functions ask of the compilation. */
export interface CompileContext {
  fail(what: string): string;
  /** @throws LakeError when the scope does not allow it. */
  useVolatile(name: string): void;
  readonly now: number | undefined;
}

class Compiler implements CompileContext {
  readonly columns = new Set<string>();
  isVolatile = false;
  readonly #scope: ExpressionScope;

  constructor(scope: ExpressionScope) {
    this.#scope = scope;
  }

  get now(): number | undefined {
    return this.#scope.now;
  }

  fail(what: string): string {
    return this.#scope.fail?.(what) ?? `error(${quoteString(what)})`;
  }

  useVolatile(name: string): void {
    if (this.#scope.allowVolatile !== true) {
      throw unsupportedExpression(`the function ${name}, which is allowed in default values only`, {
        function: name,
      });
    }
    this.isVolatile = true;
  }

  /** A value as a column of `type` stores it. */
  assign(value: TypedSql, type: DataType): TypedSql {
    if (value.type.type === "void") return castSql(value, type, this);
    if (isStored(value.type) && sameShape(value.type, type)) return { ...value, type };
    return coerce(value, type, this);
  }

  compile(expression: Expression): TypedSql {
    switch (expression.node) {
      case "literal":
        return literalSql(expression.literal);
      case "column":
        return this.#column(expression.path);
      case "field":
        return fieldOf(this.compile(expression.of), expression.name);
      case "item":
        return this.#item(this.compile(expression.of), this.compile(expression.key));
      case "negate":
        return negate(this.compile(expression.of));
      case "complement":
        return complement(this.compile(expression.of));
      case "not": {
        const of = this.#boolean("NOT", this.compile(expression.of));
        return made(`NOT ${of.sql}`, BOOLEAN, [of]);
      }
      case "and":
      case "or":
        return connective(
          expression.node,
          chain(expression, expression.node).map((operand) => this.compile(operand)),
        );
      case "arithmetic":
        return arithmetic(expression.op, this.compile(expression.left), this.compile(expression.right), this);
      case "comparison":
        return comparison(expression.op, this.compile(expression.left), this.compile(expression.right), this);
      case "is": {
        const of = this.compile(expression.of);
        const what = expression.what === "null" ? of : this.#boolean("IS", of);
        return made(`${what.sql} IS ${expression.what.toUpperCase()}`, BOOLEAN, [what]);
      }
      case "in": {
        const all = [expression.of, ...expression.items].map((item) => this.compile(item));
        const [of, ...items] = inCommonType("IN", all, this).values;
        const list = items.map((item) => item.sql).join(", ");
        return made(`${of?.sql ?? "NULL"} IN (${list})`, BOOLEAN, [
          ...(of === undefined ? [] : [of]),
          ...items,
        ]);
      }
      case "like":
        return likeSql(expression, this.compile(expression.of), this.compile(expression.pattern));
      case "case":
        return this.#case(expression);
      case "cast": {
        const of = this.compile(expression.of);
        return expression.isTry ? tryCastSql(of, expression.type, this) : castSql(of, expression.type, this);
      }
      case "call":
        return callFunction(
          expression.name,
          expression.args.map((arg) => this.compile(arg)),
          this,
        );
    }
  }

  #column(path: readonly string[]): TypedSql {
    const names: string[] = [];
    let type: DataType = this.#scope.columns;
    for (const [index, part] of path.entries()) {
      if (type.type !== "struct") {
        const rest = path.slice(index);
        const sqlOf = this.#read(names, type);
        return rest.reduce((value, name) => fieldOf(value, name), sqlOf);
      }
      const field = findField(type, part);
      if (field === undefined) throw noColumn(path, type);
      names.push(field.name);
      type = field.type;
    }
    return this.#read(names, type);
  }

  #read(names: readonly string[], type: DataType): TypedSql {
    const [column = ""] = names;
    this.columns.add(column);
    return { sql: this.#scope.sqlOf?.(names) ?? columnSql(names), type, mayFail: false };
  }

  #item(of: TypedSql, key: TypedSql): TypedSql {
    if (of.type.type === "map") {
      const [wanted] = [coerce(key, of.type.keyType, this)];
      return made(`${of.sql}[${wanted.sql}]`, of.type.valueType, [of, wanted]);
    }
    if (of.type.type === "array" && isWhole(key.type)) {
      // Spark counts from 0 and refuses what is outside; DuckDB counts from 1, and from the end below 0.
      const outside = `${key.sql} < 0 OR ${key.sql} >= len(${of.sql})`;
      const error = this.fail("an array has no item of this index");
      return made(
        `CASE WHEN ${outside} THEN ${error} ELSE list_extract(${of.sql}, CAST(${key.sql} AS BIGINT) + 1) END`,
        of.type.elementType,
        [of, key],
        true,
      );
    }
    throw invalidExpression(
      "expression-type",
      `an item of ${valueTypeText(of.type)} by ${valueTypeText(key.type)}`,
    );
  }

  #case(expression: Expression & { readonly node: "case" }): TypedSql {
    const whens = expression.branches.map(({ when }) => this.#boolean("WHEN", this.compile(when)));
    const results = [...expression.branches.map(({ result }) => result), expression.otherwise];
    const { type, values } = inCommonType(
      "CASE",
      results.map((result) => this.compile(result)),
      this,
    );
    const branches = whens.map((when, index) => `WHEN ${when.sql} THEN ${values[index]?.sql ?? "NULL"}`);
    const otherwise = values.at(-1)?.sql ?? "NULL";
    return made(`CASE ${branches.join(" ")} ELSE ${otherwise} END`, type, [...whens, ...values]);
  }

  #boolean(what: string, value: TypedSql): TypedSql {
    if (value.type.type === "void") return made("CAST(NULL AS BOOLEAN)", BOOLEAN, []);
    if (value.type.type === "boolean") return value;
    throw invalidExpression("expression-type", `${what} of ${valueTypeText(value.type)}`);
  }
}

function columnSql(names: readonly string[]): string {
  const [column = "", ...fields] = names;
  return fields.reduce(
    (sql, field) => `struct_extract(${sql}, ${quoteString(field)})`,
    quoteIdentifier(column),
  );
}

function fieldOf(of: TypedSql, name: string): TypedSql {
  if (of.type.type === "map") throw unsupportedExpression(`.${name} of a map: write ['${name}']`);
  if (of.type.type !== "struct") throw unsupportedExpression(`.${name} of ${valueTypeText(of.type)}`);
  const field = findField(of.type, name);
  if (field === undefined) throw noColumn([name], of.type);
  return {
    sql: `struct_extract(${of.sql}, ${quoteString(field.name)})`,
    type: field.type,
    mayFail: of.mayFail,
  };
}

/** The operands of a run of the same connective, from left to right. */
function chain(expression: Expression, op: "and" | "or"): Expression[] {
  if (expression.node !== op) return [expression];
  return [...chain(expression.left, op), ...chain(expression.right, op)];
}

/** Whether two types differ at most in what may be NULL and in metadata. */
export function sameShape(a: DataType, b: DataType): boolean {
  return typeText(a) === typeText(b);
}

function noColumn(path: readonly string[], struct: StructType): Error {
  const name = path.join(".");
  return invalidExpression(
    "expression-column",
    `there is no column ${name}; there are ${struct.fields.map((field) => field.name).join(", ")}`,
    { column: name },
  );
}
