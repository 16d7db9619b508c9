/** Pure: all rows of SELECTs with the same columns. Nested in halves, for the engine descends into each level. */
export function unionSql(selects: readonly string[]): string {
  const [only = ""] = selects;
  if (selects.length <= 1) return only;
  const half = Math.ceil(selects.length / 2);
  return `(${unionSql(selects.slice(0, half))}) UNION ALL (${unionSql(selects.slice(half))})`;
}
