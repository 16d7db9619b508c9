// What data files hold, to compare two sides by.
import { readdir } from "node:fs/promises";
import path from "node:path";
import { peerRows, sqlList } from "./peer.mjs";

/** The data files of a table's folder; those of its partitions too. */
export async function dataFiles(folder) {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => name.endsWith(".parquet") && !name.startsWith("_"))
    .map((name) => path.join(folder, name));
}

/**
 * How many rows, and one number that changes with any value and not with the order of the rows. A number
 * counts as itself: the two sides may have found different types that hold it (DuckDB may see a HUGEINT
 * in JSON, which it writes as DOUBLE). Columns whose names begin with `_` are left out.
 */
export async function contents(connection, files) {
  const relation = `read_parquet(${sqlList(files)})`;
  const columns = await peerRows(connection, `DESCRIBE FROM ${relation}`);
  const values = columns
    .filter(({ column_name: name }) => !name.startsWith("_"))
    .map(({ column_name: name, column_type: type }) => {
      return `"${name}"::${/INT|DECIMAL|DOUBLE|FLOAT/.test(type) ? "DOUBLE" : "VARCHAR"}`;
    });
  return peerRows(
    connection,
    `SELECT count(*) AS rows, sum(hash(${values.join(", ")})) AS digest FROM ${relation}`,
  );
}
