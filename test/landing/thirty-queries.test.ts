import { mkdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, type ResultColumn, type Session } from "../../engine/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { type Relation, relation, relationOf } from "../interop/cells.js";
import { type SharedFolder, sharedFolder } from "../support/temporary-folder.js";
import { writeFiles } from "./orders/files.js";
import { QUERIES } from "./orders/queries.js";
import {
  addedFormats,
  makeExpected,
  makeTables,
  ordersOf,
  questionTo,
  questionToExpected,
  WAYS,
} from "./orders/tables.js";

// One data set, landed in every way: as Parquet from Parquet, Avro, JSONL and CSV files, kept as Avro, as JSONL, and as
// a mix. Rows are deleted, updated and given a column in between. All ways answer as the engine alone does over the
// source's own rows. CSV holds no nested values: there the orders are three files, put together by INSERT ... SELECT.

let folder: SharedFolder;
let lake: Lake;
let engine: Engine;
let session: Session;
beforeAll(async () => {
  folder = await sharedFolder();
  await mkdir(path.join(folder.path, "files"));
  engine = await Engine.open();
  session = await engine.acquire();
  await writeFiles(session, path.join(folder.path, "files"));
  await session.execute("DROP TABLE orders; DROP TABLE customers");
  await makeExpected(session);
  lake = await openLake(path.join(folder.path, "lake"));
}, 120_000);
afterAll(async () => {
  await lake.close();
  await engine.close();
  await folder.remove();
});

async function expected(query: string): Promise<Relation> {
  const sql = questionToExpected(query);
  const columns = (await session.columns(sql)).map(({ name }) => name);
  const rows = await session.rows(sql);
  return relation(
    columns,
    rows.map((row) => columns.map((name) => row[name] ?? null)),
  );
}

/** The engine puts some names of fields in quotes or not, as they were written. */
function typeOf({ name, type }: ResultColumn): string {
  return `${name} ${type.replaceAll('"', "")}`;
}

it("asks 30 questions", () => {
  expect(QUERIES).toHaveLength(30);
});

describe.each(WAYS)("$name", (way) => {
  beforeAll(() => makeTables(lake, path.join(folder.path, "files"), way), 120_000);

  it("has the types of the source", async () => {
    const result = await lake.sql(`SELECT * FROM ${ordersOf(way)}`);
    await result.close();
    const wanted = await session.columns(questionToExpected("SELECT * FROM $orders"));
    expect(result.columns.map(typeOf)).toEqual(wanted.map(typeOf));
  });

  it("keeps the files that it is to keep as they are", async () => {
    const { avro = 0, jsonl = 0 } = way.raw;
    const added = await addedFormats(lake, way);
    expect(added["avro"] ?? 0).toBeGreaterThanOrEqual(avro);
    expect(added["jsonl"] ?? 0).toBeGreaterThanOrEqual(jsonl);
    expect(Object.keys(added).sort()).toEqual(
      ["avro", "jsonl", "parquet"].filter((format) => format === "parquet" || format in way.raw).sort(),
    );
  });

  it("is the same to someone whose local tier is empty", async () => {
    const cache = { directory: path.join(folder.path, `cache-${way.name}`) };
    const other = await openLake(path.join(folder.path, "lake"), { cache });
    try {
      for (const query of ["SELECT * FROM $orders@1", "SELECT * FROM $orders@6", "SELECT * FROM $orders"]) {
        const rows = await relationOf(await other.sql(questionTo(way, query)));
        expect(rows, query).toEqual(await expected(query));
      }
    } finally {
      await other.close();
    }
  });

  it.each(QUERIES)("$asks", async ({ sql }) => {
    const wanted = await expected(sql);
    expect(wanted.rows.length).toBeGreaterThan(0);
    expect(await relationOf(await lake.sql(questionTo(way, sql)))).toEqual(wanted);
  });
});
