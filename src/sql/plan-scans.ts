import { isJsonObject, type JsonObject, type JsonValue } from "../../core/index.js";
import { identifierName, tokenize } from "./tokens.js";

/** A scan of a table in a physical plan. The texts hold one item a line. */
export interface PlannedScan {
  /** The table's name without catalog and schema. */
  readonly table: string;
  /** The columns and fields, `c` or `c.x`, that the scan hands on. */
  readonly projections: string;
  /** What the scan itself filters by, in terms of the table's columns. */
  readonly filters: string;
  /**
   * The FILTER operators right above the scan, in terms of what it hands on: where that is only a
   * field, the field goes by the name of its column.
   */
  readonly filtersAbove: readonly string[];
}

/** Operators that hand on rows of one table as they come, or sum them up: none looks for the values of another. */
const OF_ONE_TABLE = new Set([
  "SEQ_SCAN",
  "FILTER",
  "PROJECTION",
  "UNGROUPED_AGGREGATE",
  "HASH_GROUP_BY",
  "PERFECT_HASH_GROUP_BY",
  "PARTITIONED_AGGREGATE",
  "ORDER_BY",
  "TOP_N",
  "LIMIT",
  "STREAMING_LIMIT",
]);

/**
 * Whether the filters that the plan shows are all there are: a join hands a scan more while it runs, once it knows what
 * the other side has.
 */
export function showsAllFilters(plan: JsonValue): boolean {
  if (Array.isArray(plan)) return plan.every(showsAllFilters);
  if (!isJsonObject(plan)) return true;
  const children = plan["children"];
  return (
    OF_ONE_TABLE.has(String(plan["name"]).trim()) && (children === undefined || showsAllFilters(children))
  );
}

/** Every table scan of a plan from top to bottom, as `EXPLAIN (FORMAT json)` gives it. */
export function plannedScans(plan: JsonValue): PlannedScan[] {
  const scans: PlannedScan[] = [];
  const pending: { readonly operator: JsonValue; readonly above: readonly string[] }[] = [
    { operator: plan, above: [] },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { operator, above } = next;
    if (Array.isArray(operator)) {
      for (const root of operator) pending.push({ operator: root, above: [] });
      continue;
    }
    if (!isJsonObject(operator)) continue;
    const info = isJsonObject(operator["extra_info"]) ? operator["extra_info"] : {};
    const table = info["Table"];
    if (typeof table === "string") {
      scans.push({
        table: lastName(table),
        projections: lines(info, "Projections"),
        filters: lines(info, "Filters"),
        filtersAbove: above,
      });
    }
    const isFilter = String(operator["name"]).trim() === "FILTER";
    const passedDown = isFilter ? [...above, lines(info, "Expression")] : [];
    const children = operator["children"];
    if (!Array.isArray(children)) continue;
    for (const child of children.toReversed()) pending.push({ operator: child, above: passedDown });
  }
  return scans;
}

/** Several lines of a plan come as an array, one as a string. */
function lines(info: JsonObject, field: string): string {
  const value = info[field];
  if (Array.isArray(value)) return value.map(String).join("\n");
  return typeof value === "string" ? value : "";
}

function lastName(qualified: string): string {
  return identifierName(tokenize(qualified).at(-1)) ?? qualified;
}
