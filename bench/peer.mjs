// The peer: a bare DuckDB as it comes, but for the time zone, and without downloads, as in engine/.
import { DuckDBInstance } from "@duckdb/node-api";

/**
 * @param threads default one a core, the engine's own default
 * @returns a connection; `closeSync` closes the instance as well
 */
export async function openPeer(threads) {
  const instance = await DuckDBInstance.create(":memory:", {
    ...(threads === undefined ? {} : { threads: String(threads) }),
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  return {
    connection,
    closeSync() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** All rows of a query, values as in JSON (64-bit integers as text). */
export async function peerRows(connection, sql) {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRowObjectsJson();
}

/** Rows of a lake in the form that `peerRows` gives. */
export function asPeerRows(rows) {
  return JSON.parse(JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? String(value) : value)));
}

export function sqlString(text) {
  return `'${text.replaceAll("'", "''")}'`;
}

export function sqlList(texts) {
  return `[${texts.map(sqlString).join(", ")}]`;
}
