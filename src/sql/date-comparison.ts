import type { ColumnPath, CompareOp, Predicate } from "../../table-format/index.js";

// The text of a plan's TIMESTAMP, or of its TIMESTAMP WITH TIME ZONE where the session is in UTC.
const TIMESTAMP = /^(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}:\d{2}(?:\.\d+)?)(?:\+00)?)?$/;

/**
 * A date column, cast to a timestamp, compared with a timestamp: the same in terms of dates, since such
 * a cast gives midnight. `l_shipdate < DATE '1994-01-01' + INTERVAL 1 YEAR` is compared in this way.
 * `unknown` for a timestamp that is not plain text, and for an equality that no date can have.
 */
export function compareDate(column: ColumnPath, op: CompareOp, timestamp: string): Predicate {
  const match = TIMESTAMP.exec(timestamp);
  const date = match?.[1];
  if (date === undefined) return { kind: "unknown" };
  const isMidnight = /^[0:.]*$/.test(match?.[2] ?? "");
  const compare = (dateOp: CompareOp): Predicate => {
    return { kind: "compare", column, op: dateOp, value: { type: "DATE", text: date } };
  };
  switch (op) {
    case ">":
    case "<=":
      return compare(op);
    case ">=":
      return compare(isMidnight ? ">=" : ">");
    case "<":
      return compare(isMidnight ? "<" : "<=");
    case "=":
    case "!=":
      return isMidnight ? compare(op) : { kind: "unknown" };
  }
}
