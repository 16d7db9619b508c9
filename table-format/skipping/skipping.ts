import { quoteString } from "../../engine/index.js";
import {
  type ColumnMappingMode,
  charLength,
  columnMappingMode,
  type DataType,
  findField,
  foldCase,
  physicalName,
  type StructField,
  type StructType,
} from "../schema/index.js";
import { canPartition, partitionValueSql } from "./partition-value.js";
import type { ColumnPath, CompareOp, Literal, Predicate } from "./predicate.js";
import { type Bounds, boundsOf } from "./skipping-bounds.js";
import { isNaNLiteral, literalSql } from "./skipping-literal.js";
import { StatisticsReader } from "./skipping-statistics.js";

export interface SkippingTable {
  readonly schema: StructType;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
}

/**
 * Data skipping: a WHERE condition over a relation of files with the columns `partition_values
 * MAP(VARCHAR, VARCHAR)` and `stats VARCHAR`, as `add` actions hold them. It is FALSE only for a file none
 * of whose rows can pass `predicate`, TRUE for a file to read, and never NULL. It never fails: missing,
 * malformed or unexpected statistics and partition values keep the file. The session's time zone must be UTC.
 *
 * Partition values decide alone where they can: DuckDB then parses `stats` only of the files they leave, once
 * each and for the needed columns only.
 */
export function skippingSql(predicate: Predicate, table: SkippingTable): string {
  const compiler = new SkippingCompiler(table);
  const perConjunct = conjuncts(withoutNot(predicate)).map((conjunct) => compiler.mayPass(conjunct));
  const known = perConjunct.filter((condition) => condition !== undefined);
  const onPartitions = conjunction(known.filter((each) => !each.usesStatistics).map(({ sql }) => sql));
  const onStatistics = known.filter((each) => each.usesStatistics).map(({ sql }) => sql);
  if (onStatistics.length === 0) return `(${onPartitions}) IS NOT FALSE`;
  // CASE, unlike AND, works out its second part only where it is needed.
  return `CASE WHEN (${onPartitions}) IS FALSE THEN FALSE ELSE (${compiler.statistics.bind(conjunction(onStatistics))}) IS NOT FALSE END`;
}

/** What can be said of a file as a whole: SQL that is FALSE only when no row of it can pass. */
interface Condition {
  readonly sql: string;
  readonly usesStatistics: boolean;
}

type Leaf = { readonly type: DataType } & (
  | { readonly kind: "partition"; readonly key: string }
  | { readonly kind: "data"; readonly physicalPath: readonly string[]; readonly isWidened: boolean }
);

// Beyond this many values an IN list is tested by its least and greatest.
const MAX_TESTED_VALUES = 16;

class SkippingCompiler {
  readonly statistics = new StatisticsReader();
  readonly #schema: StructType;
  readonly #partitions: ReadonlySet<string>;
  readonly #mode: ColumnMappingMode;

  constructor(table: SkippingTable) {
    this.#schema = table.schema;
    this.#partitions = new Set(table.partitionColumns.map(foldCase));
    this.#mode = columnMappingMode(table.configuration);
  }

  /** The condition for a predicate without NOT; `undefined` when nothing is known. */
  mayPass(predicate: Predicate): Condition | undefined {
    switch (predicate.kind) {
      case "constant":
        return { sql: predicate.value ? "TRUE" : "FALSE", usesStatistics: false };
      case "and": {
        const known = predicate.operands
          .map((operand) => this.mayPass(operand))
          .filter((each) => each !== undefined);
        return known.length === 0 && predicate.operands.length > 0 ? undefined : combine(known, conjunction);
      }
      case "or": {
        const operands = predicate.operands.map((operand) => this.mayPass(operand));
        const known = operands.filter((each) => each !== undefined);
        return known.length < operands.length ? undefined : combine(known, disjunction);
      }
      case "compare":
        return this.#onLeaf(predicate.column, (leaf) => this.#compare(leaf, predicate.op, predicate.value));
      case "in":
        if (predicate.values.length === 0) return { sql: "FALSE", usesStatistics: false };
        return this.#onLeaf(predicate.column, (leaf) => this.#in(leaf, predicate.values));
      case "is-null":
        return this.#onLeaf(predicate.column, (leaf) => this.#isNull(leaf, true));
      case "is-not-null":
        return this.#onLeaf(predicate.column, (leaf) => this.#isNull(leaf, false));
      case "not":
      case "unknown":
        return undefined;
    }
  }

  #onLeaf(column: ColumnPath, sqlOf: (leaf: Leaf) => string | undefined): Condition | undefined {
    const leaf = this.#resolve(column);
    const sql = leaf && sqlOf(leaf);
    return leaf === undefined || sql === undefined
      ? undefined
      : { sql, usesStatistics: leaf.kind === "data" };
  }

  /** The column, or struct field, that `column` names, if it has a value that statistics can speak of. */
  #resolve(column: ColumnPath): Leaf | undefined {
    let type: DataType = this.#schema;
    let isWidened = false;
    const physicalPath: string[] = [];
    for (const name of column) {
      const field: StructField | undefined = type.type === "struct" ? findField(type, name) : undefined;
      if (field === undefined) return undefined;
      // Neither bounds nor partition values need have the spaces that the column's values end with.
      if (charLength(field) !== undefined) return undefined;
      physicalPath.push(physicalName(field, this.#mode));
      type = field.type;
      isWidened = "delta.typeChanges" in field.metadata;
    }
    if (!canPartition(type)) return undefined;
    const [key = ""] = physicalPath;
    return this.#partitions.has(foldCase(column[0]))
      ? { kind: "partition", key, type }
      : { kind: "data", physicalPath, isWidened, type };
  }

  #compare(leaf: Leaf, op: CompareOp, value: Literal): string | undefined {
    const literal = literalSql(leaf.type, value);
    if (leaf.kind === "partition") {
      return literal === undefined ? undefined : partitionTest(leaf, (typed) => `${typed} ${op} ${literal}`);
    }
    const notAllNull = this.#hasNonNull(leaf.physicalPath);
    if (literal === undefined || isNaNLiteral(value)) return notAllNull;
    const test = this.#bounds(leaf).test(op, literal);
    return conjunction(test === undefined ? [notAllNull] : [notAllNull, test]);
  }

  #in(leaf: Leaf, values: readonly Literal[]): string | undefined {
    const literals = values
      .map((value) => literalSql(leaf.type, value))
      .filter((literal) => literal !== undefined);
    const usable = literals.length === values.length && !values.some(isNaNLiteral);
    if (leaf.kind === "partition") {
      return literals.length < values.length
        ? undefined
        : partitionTest(leaf, (typed) => `${typed} IN (${literals.join(", ")})`);
    }
    const notAllNull = this.#hasNonNull(leaf.physicalPath);
    if (!usable) return notAllNull;
    const bounds = this.#bounds(leaf);
    if (values.length <= MAX_TESTED_VALUES) {
      const tests = literals.map((literal) => bounds.test("=", literal)).filter((test) => test !== undefined);
      return conjunction(tests.length < literals.length ? [notAllNull] : [notAllNull, disjunction(tests)]);
    }
    const list = `[${literals.join(", ")}]`;
    const range = [
      bounds.test("<=", this.#ofAll(list, "list_max")),
      bounds.test(">=", this.#ofAll(list, "list_min")),
    ];
    return conjunction([notAllNull, ...range.filter((test) => test !== undefined)]);
  }

  /** The least or greatest of a list; NULL when a literal in it could not be read, which they pass over. */
  #ofAll(list: string, aggregate: "list_min" | "list_max"): string {
    return this.statistics.constant(
      `CASE WHEN list_count(${list}) = len(${list}) THEN ${aggregate}(${list}) END`,
    );
  }

  #isNull(leaf: Leaf, wanted: boolean): string {
    if (leaf.kind === "data") {
      return wanted
        ? `${this.statistics.count("nullCount", leaf.physicalPath)} <> 0`
        : this.#hasNonNull(leaf.physicalPath);
    }
    const isNull = `NULLIF(${partitionText(leaf.key)}, '') IS ${wanted ? "" : "NOT "}NULL`;
    return `CASE WHEN ${hasPartitionKey(leaf.key)} THEN ${isNull} END`;
  }

  /**
   * Not all values are NULL. Equality with `numRecords` means so whether bounds are tight or wide; any other
   * count may be out of date (PROTOCOL.md, "Per-file Statistics").
   */
  #hasNonNull(physicalPath: readonly string[]): string {
    return `${this.statistics.count("nullCount", physicalPath)} <> ${this.statistics.count("numRecords", [])}`;
  }

  #bounds(leaf: Leaf & { kind: "data" }): Bounds {
    // A column that was FLOAT has bounds such as 0.1 in its old files, which are no bounds as DOUBLE.
    if (leaf.type.type === "double" && leaf.isWidened) return { test: () => undefined };
    return boundsOf(leaf.type, (side, type) => this.statistics.bound(side, leaf.physicalPath, type));
  }
}

function partitionText(key: string): string {
  return `partition_values[${quoteString(key)}]`;
}

function hasPartitionKey(key: string): string {
  return `map_contains(partition_values, ${quoteString(key)})`;
}

/** A test of a partition value: FALSE for NULL, and NULL for one that is not in the map or not of its type. */
function partitionTest(leaf: Leaf & { kind: "partition" }, test: (typed: string) => string): string {
  const text = partitionText(leaf.key);
  const typed = `TRY(${partitionValueSql(leaf.type)(text)})`;
  return `CASE WHEN NULLIF(${text}, '') IS NOT NULL THEN ${test(typed)} WHEN ${hasPartitionKey(leaf.key)} THEN FALSE END`;
}

const NEGATED: Readonly<Record<CompareOp, CompareOp>> = {
  "=": "!=",
  "!=": "=",
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
};

/** The same predicate with every NOT carried down to the comparisons, which three-valued logic allows. */
function withoutNot(predicate: Predicate, negated = false): Predicate {
  switch (predicate.kind) {
    case "not":
      return withoutNot(predicate.operand, !negated);
    case "and":
    case "or": {
      const operands = predicate.operands.map((operand) => withoutNot(operand, negated));
      return { kind: (predicate.kind === "and") === negated ? "or" : "and", operands };
    }
    case "compare":
      return negated ? { ...predicate, op: NEGATED[predicate.op] } : predicate;
    case "in":
      if (!negated) return predicate;
      return {
        kind: "and",
        operands: predicate.values.map((value) => ({
          kind: "compare",
          column: predicate.column,
          op: "!=",
          value,
        })),
      };
    case "is-null":
    case "is-not-null":
      return negated
        ? { kind: predicate.kind === "is-null" ? "is-not-null" : "is-null", column: predicate.column }
        : predicate;
    case "constant":
      return { kind: "constant", value: predicate.value !== negated };
    case "unknown":
      return predicate;
  }
}

function conjuncts(predicate: Predicate): Predicate[] {
  return predicate.kind === "and" ? predicate.operands.flatMap(conjuncts) : [predicate];
}

function combine(conditions: readonly Condition[], join: (sql: readonly string[]) => string): Condition {
  return {
    sql: join(conditions.map(({ sql }) => sql)),
    usesStatistics: conditions.some(({ usesStatistics }) => usesStatistics),
  };
}

function conjunction(sql: readonly string[]): string {
  return sql.length === 0 ? "TRUE" : sql.map((each) => `(${each})`).join(" AND ");
}

function disjunction(sql: readonly string[]): string {
  return sql.length === 0 ? "FALSE" : sql.map((each) => `(${each})`).join(" OR ");
}
