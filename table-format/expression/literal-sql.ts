import { unsupportedExpression } from "./failure.js";
import type { Literal } from "./syntax.js";
import { BOOLEAN, STRING, stringSql, type TypedSql } from "./typed-sql.js";

const DATED = {
  date: { pattern: /^\d{4}-\d{1,2}-\d{1,2}$/, engine: "DATE" },
  timestamp: {
    pattern:
      /^\d{4}-\d{1,2}-\d{1,2}([ T]([01]?\d|2[0-3]):[0-5]?\d:[0-5]?\d(\.\d{1,6})?(Z| ?UTC|[+-]\d\d:\d\d)?)?$/,
    engine: "TIMESTAMP WITH TIME ZONE",
  },
  timestamp_ntz: {
    pattern: /^\d{4}-\d{1,2}-\d{1,2}([ T]([01]?\d|2[0-3]):[0-5]?\d:[0-5]?\d(\.\d{1,6})?)?$/,
    engine: "TIMESTAMP",
  },
} as const;

/**
 * SQL for a literal. A TIMESTAMP without a zone is in UTC.
 *
 * @throws LakeError `unsupported` for a date or timestamp not written out to the day or the second.
 */
export function literalSql(literal: Literal): TypedSql {
  switch (literal.kind) {
    case "null":
      return { sql: "NULL", type: { type: "void" }, mayFail: false };
    case "boolean":
      return { sql: String(literal.value).toUpperCase(), type: BOOLEAN, mayFail: false };
    case "string":
      return { sql: stringSql(literal.value), type: STRING, mayFail: false, literal: literal.value };
    case "integer": {
      const { type, value } = literal;
      const engine = { byte: "TINYINT", short: "SMALLINT", integer: "INTEGER", long: "BIGINT" }[type];
      // As text: the least number of a type is not the negation of one.
      return { sql: `CAST('${value}' AS ${engine})`, type: { type }, mayFail: false, literal: value };
    }
    case "decimal": {
      const { text, precision, scale } = literal;
      return {
        sql: `CAST('${text}' AS DECIMAL(${precision},${scale}))`,
        type: { type: "decimal", precision, scale },
        mayFail: false,
      };
    }
    case "floating": {
      const engine = literal.type === "float" ? "FLOAT" : "DOUBLE";
      return { sql: `CAST('${literal.text}' AS ${engine})`, type: { type: literal.type }, mayFail: false };
    }
    case "binary":
      return { sql: `unhex('${literal.hex}')`, type: { type: "binary" }, mayFail: false };
    case "dated": {
      const { pattern, engine } = DATED[literal.type];
      const text = literal.text.trim();
      if (!pattern.test(text) || !isDay(text)) {
        throw unsupportedExpression(`the literal ${literal.type.toUpperCase()} '${literal.text}'`);
      }
      return { sql: `CAST('${text}' AS ${engine})`, type: { type: literal.type }, mayFail: false };
    }
    case "interval": {
      const { months, days, micros } = literal;
      const sql = `(to_months(${months}) + to_days(${days}) + to_microseconds(${micros}))`;
      return { sql, type: { type: "interval" }, mayFail: false, literal: { months, days, micros } };
    }
  }
}

/** Whether the calendar has the day that the text begins with. */
function isDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = (/^[\d-]+/.exec(text)?.[0] ?? "").split("-").map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
