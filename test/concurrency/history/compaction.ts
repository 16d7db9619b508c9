import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { LakeError, stringifyJson } from "../../../core/index.js";
import { Engine, quoteString } from "../../../engine/index.js";
import { objectPath, type StoreOpener } from "../../../object-store/index.js";
import type { Lake } from "../../../src/index.js";
import { type AddFile, DeltaTable, type LiveAdd, liveAdds } from "../../../table-format/index.js";
import type { Outcome } from "./journal.js";

/**
 * Writes some files of one partition together, as a commit that changes no rows (`dataChange` = false). It is
 * made of the public commit of the table format, so it begins anew for nobody: it is rebased or lost.
 */
export class Compactor {
  readonly #lake: Lake;
  readonly #open: StoreOpener;
  #opened: { readonly engine: Engine; readonly table: DeltaTable } | undefined;

  constructor(lake: Lake, open: StoreOpener) {
    this.#lake = lake;
    this.#open = open;
  }

  /** @param count files that become one, at most */
  async compact(name: string, location: string, count: number): Promise<Outcome> {
    const { engine, table } = await this.#table(location);
    const read = await table.snapshot();
    const live = await read.withFiles((files) =>
      engine.withSession((session) => liveAdds(session, `SELECT * FROM ${files.relation}`)),
    );
    const [first] = [...live].sort((a, b) => Number(a.add.size - b.add.size));
    const partition = JSON.stringify(first?.add.partitionValues);
    const chosen = live
      .filter(({ add }) => JSON.stringify(add.partitionValues) === partition)
      .slice(0, count);
    if (chosen.length < 2) return { status: "done", version: undefined };
    const names = chosen.map(({ add }) => quoteString(path.posix.basename(decodeURIComponent(add.path))));
    const rows = await (
      await this.#lake.sql(
        `SELECT id, k, v, p, op FROM ${name} VERSION AS OF ${read.version} WHERE _metadata.file_name IN (${names.join(", ")})`,
      )
    ).toArray();
    if (rows.length === 0) return { status: "done", version: undefined };
    const partitioned = read.metadata.partitionColumns.includes("p");
    const columns = partitioned ? ["id", "k", "v", "op"] : ["id", "k", "v", "p", "op"];
    const values = rows.map(({ id, k, v, p, op }) => `(${[id, k, v, p, op].join(", ")})`).join(", ");
    const add = await writtenFile(engine, table, values, columns, chosen);
    const outcome = await table.commit(read, {
      operation: "OPTIMIZE",
      operationParameters: { predicate: "[]" },
      operationMetrics: {},
      adds: [add],
      replaces: { kind: "files", files: chosen.map((file) => ({ ...file.add, partition: {} })) },
      dataChange: false,
      engineInfo: "grizzly-lake history test",
    });
    if (outcome.status === "committed") return { status: "done", version: Number(outcome.version) };
    return { status: "failed", kind: "conflict", code: "compaction", message: outcome.conflict.message };
  }

  async close(): Promise<void> {
    await this.#opened?.table.release();
    await this.#opened?.engine.close();
  }

  async #table(location: string): Promise<{ readonly engine: Engine; readonly table: DeltaTable }> {
    if (this.#opened === undefined) {
      const engine = await Engine.open({ threads: 1, memoryLimit: "200MB" });
      this.#opened = { engine, table: new DeltaTable({ store: this.#open(location), engine }) };
    }
    return this.#opened;
  }
}

/** Writes rows beside the files that they come from, and gives the action that adds them. */
async function writtenFile(
  engine: Engine,
  { folder: { store } }: DeltaTable,
  values: string,
  columns: readonly string[],
  chosen: readonly LiveAdd[],
): Promise<AddFile> {
  const name = `compacted-${randomUUID()}.parquet`;
  const file = path.join(tmpdir(), name);
  const casts = columns.map((column) => `${column}::BIGINT AS ${column}`).join(", ");
  const select = `SELECT ${casts} FROM (VALUES ${values}) AS r(id, k, v, p, op)`;
  const bounds = columns.flatMap((column) => [
    `min(${column}) AS min_${column}`,
    `max(${column}) AS max_${column}`,
  ]);
  const [totals] = await engine.withSession(async (session) => {
    await session.execute(`COPY (${select}) TO ${quoteString(file)} (FORMAT parquet)`);
    return session.rows(`SELECT count(*) AS n, ${bounds.join(", ")} FROM (${select})`);
  });
  const partitionValues = chosen[0]?.add.partitionValues;
  if (totals === undefined || partitionValues === undefined) {
    throw new LakeError("internal", "nothing-compacted", "a compaction has no rows");
  }
  const of = (bound: string): Record<string, bigint> =>
    Object.fromEntries(columns.map((column) => [column, BigInt(String(totals[`${bound}_${column}`]))]));
  const { size } = await stat(file);
  await store.adopt([{ localFile: file, path: objectPath(name) }]);
  return {
    path: objectPath(name),
    partitionValues,
    size: BigInt(size),
    modificationTime: BigInt(Date.now()),
    dataChange: false,
    stats: stringifyJson({
      numRecords: BigInt(String(totals["n"])),
      minValues: of("min"),
      maxValues: of("max"),
      nullCount: Object.fromEntries(columns.map((column) => [column, 0])),
    }),
  };
}
