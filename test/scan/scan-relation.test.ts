import { link } from "node:fs/promises";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../core/index.js";
import { Engine, quoteString, type Session } from "../../engine/index.js";
import { openStore } from "../../object-store/index.js";
import { explainReadFailure } from "../../src/scan/read-failure.js";
import { type ScanRelation, scanRelation } from "../../src/scan/scan-relation.js";
import {
  type AddFile,
  DeltaTable,
  type Predicate,
  protocolFor,
  type Snapshot,
  type StructType,
  serializeSchema,
} from "../../table-format/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const EVERY_ROW: Predicate = { kind: "constant", value: true };

const SCHEMA: StructType = {
  type: "struct",
  fields: [
    { name: "id", type: { type: "long" }, nullable: true, metadata: {} },
    { name: "p", type: { type: "string" }, nullable: true, metadata: {} },
  ],
};

function add(name: string, p: string | null): AddFile {
  return { path: name, partitionValues: { p }, size: 10n, modificationTime: 0n, dataChange: true };
}

/** A table of the files, which need not be there, and a session of its engine. */
async function tableOf(
  adds: (folder: string, session: Session) => Promise<AddFile[]>,
): Promise<{ readonly folder: string; readonly snapshot: Snapshot; readonly session: Session }> {
  const folder = await temporaryFolder();
  const engine = await Engine.open();
  onTestFinished(() => engine.close());
  const session = await engine.acquire();
  const table = new DeltaTable({ store: openStore(folder), engine }, systemClock);
  await table.commit(undefined, {
    operation: "CREATE TABLE AS SELECT",
    operationParameters: {},
    operationMetrics: {},
    protocol: protocolFor(SCHEMA),
    metadata: {
      id: "c37a9b11-2d2f-4d1c-9a51-2f8a6a4f4a11",
      name: undefined,
      description: undefined,
      provider: "parquet",
      formatOptions: {},
      schemaString: serializeSchema(SCHEMA),
      partitionColumns: ["p"],
      configuration: {},
      createdTime: 0n,
    },
    adds: await adds(folder, session),
    replaces: { kind: "none" },
    engineInfo: "test",
  });
  return { folder, snapshot: await table.snapshot(), session };
}

/** Writes a file with the rows of a SELECT. */
async function write(session: Session, folder: string, name: string, select: string): Promise<string> {
  await session.execute(`COPY (${select}) TO ${quoteString(path.join(folder, name))} (FORMAT parquet)`);
  return name;
}

/** The relation of all columns and the rows of a predicate. */
function relationOf(
  { session, snapshot }: { readonly session: Session; readonly snapshot: Snapshot },
  predicate = EVERY_ROW,
): Promise<ScanRelation> {
  return scanRelation(session, "t", { snapshot, columns: "all", predicate });
}

describe("a scan relation", () => {
  test("reads one file that has the table's columns as it is, which the engine does on all threads", async () => {
    const table = await tableOf(async (folder, writer) => [
      add(await write(writer, folder, "a.parquet", "SELECT 7::BIGINT AS id"), "x"),
    ]);
    const { sql, report } = await relationOf(table);
    expect(report).toEqual({ filesTotal: 1, filesKept: 1, bytesTotal: 10n, bytesKept: 10n });
    expect(await table.session.rows(sql)).toEqual([{ id: 7n, p: "x" }]);
    expect(sql).not.toContain("schema");
  });

  test("maps one file whose types or columns are others", async () => {
    for (const [select, id] of [
      ["SELECT 7::INTEGER AS id", 7n],
      ["SELECT 1 AS other", null],
    ] as const) {
      const table = await tableOf(async (folder, writer) => [
        add(await write(writer, folder, "a.parquet", select), null),
      ]);
      const { sql } = await relationOf(table);
      expect(await table.session.rows(`SELECT id, typeof(id) AS type, p FROM (${sql})`)).toEqual([
        { id, type: "BIGINT", p: null },
      ]);
    }
  });

  test("gives each file its own partition value, whatever its name holds", async () => {
    const table = await tableOf(async (folder, writer) => {
      await write(writer, folder, "b.parquet", "SELECT 1::BIGINT AS id");
      await write(writer, folder, "a [1] *?.parquet", "SELECT 2::BIGINT AS id");
      await write(writer, folder, "c.parquet", "SELECT 3::BIGINT AS id");
      return [add("b.parquet", "x"), add("a%20%5B1%5D%20*%3F.parquet", "y"), add("c.parquet", null)];
    });
    const { sql } = await relationOf(table);
    expect(await table.session.rows(`${sql} ORDER BY id`)).toEqual([
      { id: 1n, p: "x" },
      { id: 2n, p: "y" },
      { id: 3n, p: null },
    ]);
  });

  test("skips files, and is empty when none is left", async () => {
    const table = await tableOf(async (folder, writer) => [
      add(await write(writer, folder, "a.parquet", "SELECT 1::BIGINT AS id"), "x"),
      add(await write(writer, folder, "b.parquet", "SELECT 2::BIGINT AS id"), "y"),
    ]);
    const where = (text: string): Predicate => ({
      kind: "compare",
      column: ["p"],
      op: "=",
      value: { type: "VARCHAR", text },
    });
    const one = await relationOf(table, where("y"));
    expect(one.report).toMatchObject({ filesKept: 1, bytesKept: 10n });
    expect(await table.session.rows(one.sql)).toEqual([{ id: 2n, p: "y" }]);
    const none = await relationOf(table, where("z"));
    expect(none.report).toMatchObject({ filesKept: 0, bytesKept: 0n });
    expect(await table.session.rows(none.sql)).toEqual([]);
  });

  test("keeps a long list of files in the engine, in the order of the log", async () => {
    const count = 1_500;
    const names = Array.from({ length: count }, (_, index) => `${(index * 7) % count}.parquet`);
    const table = await tableOf(async (folder, writer) => {
      const first = await write(writer, folder, "first.parquet", "SELECT 1::BIGINT AS id");
      for (const name of names) await link(path.join(folder, first), path.join(folder, name));
      return names.map((name) => add(name, "x"));
    });
    const { sql, files, report } = await relationOf(table);
    expect(report).toMatchObject({ filesTotal: count, filesKept: count });
    expect(sql.length).toBeLessThan(1_000);
    const [row] = await table.session.rows(`SELECT ${files} AS files, sum(id)::BIGINT AS sum FROM (${sql})`);
    expect(row?.["sum"]).toBe(BigInt(count));
    expect(row?.["files"]).toEqual(names.map((name) => path.join(table.folder, name)));
  });

  test("tells which file is not there, in a long list too", async () => {
    for (const count of [1, 2, 1_200]) {
      const table = await tableOf(async () =>
        Array.from({ length: count }, (_, index) => add(`gone-${index}.parquet`, "x")),
      );
      const read = async (): Promise<unknown> => {
        const { sql, files } = await relationOf(table);
        return table.session.rows(sql).catch(async (error: unknown) => {
          throw await explainReadFailure(table.session, [files], error);
        });
      };
      await expect(read()).rejects.toMatchObject({
        kind: "corrupt",
        code: "data-file-missing",
        context: { file: path.join(table.folder, "gone-0.parquet") },
      });
    }
  });

  test("refuses a file on another store", async () => {
    const table = await tableOf(async () => [add("s3://bucket/a.parquet", "x")]);
    await expect(relationOf(table)).rejects.toMatchObject({ kind: "unsupported", code: "foreign-file" });
  });
});
