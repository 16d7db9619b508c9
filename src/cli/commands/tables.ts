import { displayName } from "../../index.js";
import type { Invocation } from "../invocation.js";
import { renderTable } from "../rows/index.js";

const COLUMNS = [
  { name: "table", type: "VARCHAR" },
  { name: "location", type: "VARCHAR" },
];

/** Lists the tables of the lake. */
export async function tables(invocation: Invocation): Promise<void> {
  const entries = await invocation.withLake((lake) => lake.tables());
  await invocation.result(entries, () => {
    const rows = entries.map((entry) => ({ table: displayName(entry), location: entry.location }));
    return rows.length === 0 ? "" : renderTable(COLUMNS, rows, invocation.look);
  });
  if (entries.length === 0) {
    await invocation.message("The lake has no tables yet. Land one: grizzly ingest FILE --into TABLE");
  }
}
