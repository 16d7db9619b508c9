import { LakeError } from "../../core/index.js";
import { quoteIdentifier } from "../../engine/index.js";
import { type EngineType, engineText, parseEngineType } from "./engine-type-text.js";
import { type DataType, newField, type PrimitiveName } from "./types.js";

const ENGINE_NAMES: Readonly<Record<PrimitiveName, string>> = {
  string: "VARCHAR",
  long: "BIGINT",
  integer: "INTEGER",
  short: "SMALLINT",
  byte: "TINYINT",
  float: "FLOAT",
  double: "DOUBLE",
  boolean: "BOOLEAN",
  binary: "BLOB",
  date: "DATE",
  timestamp: "TIMESTAMP WITH TIME ZONE",
  timestamp_ntz: "TIMESTAMP",
  variant: "VARIANT",
  // DuckDB's own choice where a column of NULLs needs a type.
  void: "INTEGER",
};

/**
 * The DuckDB type that holds a Delta type, as SQL.
 *
 * @throws LakeError `unsupported` for a struct without fields, which DuckDB does not have.
 */
export function engineType(type: DataType): string {
  switch (type.type) {
    case "decimal":
      return `DECIMAL(${type.precision},${type.scale})`;
    case "struct":
      if (type.fields.length === 0) {
        throw new LakeError("unsupported", "schema-empty-struct", "a struct without fields cannot be read");
      }
      return `STRUCT(${type.fields.map((field) => `${quoteIdentifier(field.name)} ${engineType(field.type)}`).join(", ")})`;
    case "array":
      return `${engineType(type.elementType)}[]`;
    case "map":
      return `MAP(${engineType(type.keyType)}, ${engineType(type.valueType)})`;
    default:
      return ENGINE_NAMES[type.type];
  }
}

// DuckDB scalar types and the Delta type that holds every one of their values. The unsigned ones go
// one size up. What Delta has no type for becomes its text.
const DELTA_TYPES: Readonly<Record<string, DataType>> = {
  VARCHAR: { type: "string" },
  JSON: { type: "string" },
  UUID: { type: "string" },
  TIME: { type: "string" },
  TIME_NS: { type: "string" },
  "TIME WITH TIME ZONE": { type: "string" },
  INTERVAL: { type: "string" },
  BIT: { type: "string" },
  NULL: { type: "string" },
  SQLNULL: { type: "string" },
  BOOLEAN: { type: "boolean" },
  TINYINT: { type: "byte" },
  SMALLINT: { type: "short" },
  INTEGER: { type: "integer" },
  BIGINT: { type: "long" },
  HUGEINT: { type: "decimal", precision: 38, scale: 0 },
  UTINYINT: { type: "short" },
  USMALLINT: { type: "integer" },
  UINTEGER: { type: "long" },
  UBIGINT: { type: "decimal", precision: 20, scale: 0 },
  UHUGEINT: { type: "decimal", precision: 38, scale: 0 },
  BIGNUM: { type: "decimal", precision: 38, scale: 0 },
  FLOAT: { type: "float" },
  DOUBLE: { type: "double" },
  BLOB: { type: "binary" },
  DATE: { type: "date" },
  TIMESTAMP: { type: "timestamp_ntz" },
  TIMESTAMP_S: { type: "timestamp_ntz" },
  TIMESTAMP_MS: { type: "timestamp_ntz" },
  TIMESTAMP_NS: { type: "timestamp_ntz" },
  "TIMESTAMP WITH TIME ZONE": { type: "timestamp" },
};

export interface DeltaTypeOfEngine {
  readonly type: DataType;
  /** The DuckDB type to cast to, when the engine's type is not the one that holds `type`. */
  readonly castTo?: string;
  /** What the cast may refuse or change, for a person. */
  readonly note?: string;
}

/**
 * The Delta type for a column of a DuckDB type given as text. A plain cast to `castTo` is right for
 * every type but UNION, which DuckDB cannot cast to a struct, and TIMESTAMP_NS, whose last three digits
 * a cast drops: `epoch_ns(x) % 1000 = 0` tells whether there are any. `planColumns` writes expressions
 * that take care of both.
 *
 * @throws LakeError `unsupported` for a type that Delta cannot hold in any form.
 */
export function deltaTypeOfEngine(text: string): DeltaTypeOfEngine {
  const engine = parseEngineType(text);
  const type = deltaType(engine);
  const note = noteOf(engine);
  return {
    type,
    ...(engineText(engine) === engineType(type) ? {} : { castTo: engineType(type) }),
    ...(note === undefined ? {} : { note }),
  };
}

/** The Delta type for a parsed DuckDB type; see {@link deltaTypeOfEngine}. */
export function deltaType(engine: EngineType): DataType {
  switch (engine.kind) {
    case "decimal":
      return { type: "decimal", precision: engine.precision, scale: engine.scale };
    case "enum":
      return { type: "string" };
    case "list":
      return { type: "array", elementType: deltaType(engine.element), containsNull: true };
    case "map":
      return {
        type: "map",
        keyType: deltaType(engine.key),
        valueType: deltaType(engine.value),
        valueContainsNull: true,
      };
    case "struct":
    case "union":
      return {
        type: "struct",
        fields: engine.fields.map((field) => newField(field.name, deltaType(field.type))),
      };
    case "scalar": {
      const type = DELTA_TYPES[engine.name];
      if (type !== undefined) return type;
      throw new LakeError("unsupported", "engine-type", `Delta has no type for DuckDB's ${engine.name}`, {
        context: { type: engine.name },
        hint: "Cast the column to a type that Delta has, VARCHAR for one.",
      });
    }
  }
}

function noteOf(engine: EngineType): string | undefined {
  switch (engine.kind) {
    case "scalar":
      if (engine.name === "TIMESTAMP_NS")
        return "Delta keeps microseconds; a value with nanoseconds is refused";
      if (engine.name === "HUGEINT" || engine.name === "UHUGEINT" || engine.name === "BIGNUM") {
        return "Delta keeps 38 digits; a longer number is refused";
      }
      return undefined;
    case "union":
      return "Delta has no unions; each member becomes a field of a struct";
    case "list":
      return noteOf(engine.element);
    case "map":
      return noteOf(engine.key) ?? noteOf(engine.value);
    case "struct":
      return engine.fields.map((field) => noteOf(field.type)).find((note) => note !== undefined);
    default:
      return undefined;
  }
}
