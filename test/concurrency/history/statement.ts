import {
  type HistoryRow,
  IDS_A_OPERATION,
  KEYS,
  type KeyRange,
  type Operation,
  PARTITIONS,
} from "./operations.js";

/** The statement of an operation; a compaction is none. */
export function statementOf(operation: Exclude<Operation, { kind: "compact" }>, table: string): string {
  const { op } = operation;
  switch (operation.kind) {
    case "append":
      return `INSERT INTO ${table} (id, k, v, p, op) ${values(operation.rows)}`;
    case "overwrite":
      return `INSERT OVERWRITE ${table} (id, k, v, p, op) ${values(operation.rows)}`;
    case "update":
      return `UPDATE ${table} SET v = v + 1, op = ${op} WHERE ${within(operation.keys)}`;
    case "move": {
      const key = `(k + ${operation.by}) % ${KEYS}`;
      return `UPDATE ${table} SET k = ${key}, p = ${key} % ${PARTITIONS}, op = ${op} WHERE ${within(operation.keys)}`;
    }
    case "delete":
      return `DELETE FROM ${table} WHERE ${within(operation.keys)}`;
    case "merge":
      return (
        `MERGE INTO ${table} AS t USING (SELECT * FROM (${values(operation.rows)}) AS r(id, k, v, p, op)) AS s ON t.id = s.id ` +
        "WHEN MATCHED THEN UPDATE SET v = t.v + s.v, op = s.op " +
        "WHEN NOT MATCHED THEN INSERT (id, k, v, p, op) VALUES (s.id, s.k, s.v, s.p, s.op)"
      );
    case "copy": {
      const key = `(k + ${operation.by}) % ${KEYS}`;
      const id = `${op * IDS_A_OPERATION} + row_number() OVER (ORDER BY id) - 1`;
      return (
        `INSERT INTO ${table} (id, k, v, p, op) ` +
        `SELECT ${id}, ${key}, v, ${key} % ${PARTITIONS}, ${op} FROM ${table} WHERE ${within(operation.keys)}`
      );
    }
    case "restore":
      return `RESTORE TABLE ${table} TO VERSION AS OF ${operation.version}`;
    case "add-column":
      return `ALTER TABLE ${table} ADD COLUMN ${operation.column} BIGINT`;
    case "set-property":
      return `ALTER TABLE ${table} SET TBLPROPERTIES ('${operation.property}' = 'set')`;
  }
}

function within({ low, high }: KeyRange): string {
  return `k BETWEEN ${low} AND ${high}`;
}

function values(rows: readonly HistoryRow[]): string {
  const row = ({ id, k, v, p, op }: HistoryRow): string =>
    `(${id}::BIGINT, ${k}::BIGINT, ${v}::BIGINT, ${p}::BIGINT, ${op}::BIGINT)`;
  return `VALUES ${rows.map(row).join(", ")}`;
}
