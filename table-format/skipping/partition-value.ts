import { type DataType, engineType } from "../schema/index.js";

/** Turns the SQL text of one expression into that of another. */
export type SqlRewrite = (sql: string) => string;

const CANNOT_PARTITION: ReadonlySet<DataType["type"]> = new Set([
  "array",
  "map",
  "struct",
  "variant",
  "void",
]);

/** Whether a column of this type can partition a table: anything but arrays, maps, structs and variants. */
export function canPartition(type: DataType): boolean {
  return !CANNOT_PARTITION.has(type.type);
}

/**
 * SQL that turns a partition value as the log holds it (text, or NULL) into its typed value. The empty
 * string is NULL for every type. A timestamp without a zone counts as UTC, so the session's time zone must
 * be UTC. Text that is not of the type fails the query. (PROTOCOL.md, "Partition Value Serialization")
 */
export function partitionValueSql(type: DataType): SqlRewrite {
  return (sql) => {
    const text = `NULLIF(${sql}, '')`;
    switch (type.type) {
      case "string":
        return text;
      case "binary":
        return `encode(${text})`;
      case "byte":
      case "short":
      case "integer":
      case "long":
        // A cast alone would round "1.5" to 2. Text that no cast takes makes it fail, and TRY can catch that.
        return (
          `CAST(CASE WHEN regexp_full_match(${text}, '[+-]?[0-9]+') THEN ${text} ` +
          `ELSE 'not a whole number: ' || ${text} END AS ${engineType(type)})`
        );
      default:
        return `CAST(${text} AS ${engineType(type)})`;
    }
  };
}

/**
 * SQL that turns a typed value into the text the log holds for it; the reverse of
 * {@link partitionValueSql}. The empty string becomes NULL, as the format cannot tell them apart.
 * Timestamps are ISO 8601 in UTC, as the protocol recommends. Bytes that are not UTF-8 fail the query.
 * (PROTOCOL.md, "Partition Value Serialization")
 */
export function partitionTextSql(type: DataType): SqlRewrite {
  return (sql) => {
    switch (type.type) {
      case "string":
        return `NULLIF(${sql}, '')`;
      case "binary":
        return `NULLIF(decode(${sql}), '')`;
      case "timestamp":
        return `strftime(${sql} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')`;
      case "timestamp_ntz":
        return `strftime(${sql}, '%Y-%m-%d %H:%M:%S.%f')`;
      case "float":
      case "double":
        // Java, which most readers of Delta are written in, parses "NaN" and "Infinity" only.
        return (
          `CASE WHEN isnan(${sql}) THEN 'NaN' WHEN isinf(${sql}) THEN if(${sql} > 0, 'Infinity', '-Infinity') ` +
          `ELSE CAST(${sql} AS VARCHAR) END`
        );
      default:
        return `CAST(${sql} AS VARCHAR)`;
    }
  };
}
