import { cp } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { type ErrorKind, isLakeError, type Lake } from "../../../src/index.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { type Relation, relation, relationOf } from "../cells.js";
import {
  type Configuration,
  SparkError,
  type SparkRows,
  sparkRelations,
  sparkSql,
  sparkTable,
} from "../spark/spark.js";
import type { RowChangeCase } from "./case.js";
import { COPY_ON_WRITE, creation, type FixtureName, type Kind } from "./fixtures.js";

/** The tables that cases begin with, each made by Spark when it is first asked for. */
export class Templates {
  readonly #folder: string;
  readonly #made = new Map<string, Promise<string>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The folder of the table; nothing may change it. */
  of(fixture: FixtureName, kind: Kind): Promise<string> {
    const key = `${fixture}, ${kind.name}`;
    const made = this.#made.get(key) ?? this.#make(fixture, kind);
    this.#made.set(key, made);
    return made;
  }

  async #make(fixture: FixtureName, kind: Kind): Promise<string> {
    const table = path.join(this.#folder, `${fixture}-${this.#made.size}`);
    await sparkSql(creation(fixture, kind, sparkTable(table)), INTERPRETED);
    return table;
  }
}

/** What a table holds, as far as both sides must agree. */
interface Content {
  readonly rows: Relation;
  /** The rows with their ids and versions; the ids of rows that came since are theirs alone, and left out. */
  readonly ids?: Relation;
  readonly feed?: Relation;
}

/** What is wrong with a statement, and no fault of ours. */
const REFUSALS: ReadonlySet<string> = new Set<ErrorKind>(["invalid-input", "not-found"]);

/** Without compiling, which takes Spark longer than to run statements as small as these. */
const INTERPRETED: Configuration = {
  "spark.sql.codegen.wholeStage": "false",
  "spark.sql.codegen.factoryMode": "NO_CODEGEN",
  "spark.sql.adaptive.enabled": "false",
  "spark.sql.shuffle.partitions": "1",
};

/** Runs a case on both sides, and expects each to read the same rows out of both tables. */
export async function compare(
  lake: Lake,
  templates: Templates,
  change: RowChangeCase,
  kind: Kind,
): Promise<void> {
  const template = await templates.of(change.table, kind);
  const folder = await temporaryFolder();
  const [theirs, ours] = [path.join(folder, "theirs"), path.join(folder, "ours")];
  for (const table of [theirs, ours]) await cp(template, table, { recursive: true });
  const source = change.source && (await templates.of(change.source, COPY_ON_WRITE));
  const text = (statement: string, table: string): string =>
    statement.replaceAll("{t}", sparkTable(table)).replaceAll("{s}", sparkTable(source ?? ""));
  const before = await readByUs(lake, ours, kind);
  const mark = lastRowId(before);

  const inSpark = text(change.inSpark ?? change.statement, theirs);
  if (change.isRefused === true || change.isStricter === true) {
    const spark = await refusal(sparkSql(inSpark, INTERPRETED));
    if (change.isRefused === true) expect(spark, "Spark refuses it").toBeInstanceOf(SparkError);
    else expect(spark, "Spark takes it").toBeUndefined();
    const error = await refusal(lake.sql(text(change.statement, ours)).then((result) => result.toArray()));
    expect(isLakeError(error) && REFUSALS.has(error.kind), `we refuse it: ${error}`).toBe(true);
    expect(await readByUs(lake, ours, kind)).toEqual(before);
    return;
  }

  await (await lake.sql(text(change.statement, ours))).toArray();
  const isRun = change.expected === undefined;
  const [byQuery, ...read] = await sparkRelations(
    [
      isRun ? inSpark : text(change.expected ?? "", theirs),
      ...readingsOfSpark(isRun ? theirs : ours, kind, mark),
      ...readingsOfSpark(ours, kind, mark),
    ],
    INTERPRETED,
  );
  const count = read.length / 2;
  const [ofTheirs, ofOurs] = [contentOf(read.slice(0, count)), contentOf(read.slice(count))];
  const expected: Content = isRun ? ofTheirs : { ...ofOurs, rows: compared(byQuery) };
  expect(ofOurs, "what Spark reads of our table").toEqual(expected);
  expect(await readByUs(lake, ours, kind, mark), "what we read of our table").toEqual(expected);
  if (isRun)
    expect(await readByUs(lake, theirs, kind, mark), "what we read of Spark's table").toEqual(expected);
  const { findings } = await (await lake.table(ours)).fsck();
  expect(findings).toEqual([]);
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function readingsOfSpark(table: string, { isTold }: Kind, mark: bigint): readonly string[] {
  const name = sparkTable(table);
  const rows = `SELECT * FROM ${name}`;
  if (!isTold) return [rows];
  return [
    rows,
    `SELECT ${rowIds(mark)}, * FROM ${name}`,
    `SELECT * EXCEPT (_commit_timestamp) FROM table_changes_by_path('${table}', 0)`,
  ];
}

async function readByUs(lake: Lake, table: string, { isTold }: Kind, mark?: bigint): Promise<Content> {
  const read = async (query: string): Promise<Relation> => relationOf(await lake.sql(query));
  const name = sparkTable(table);
  const rows = await read(`SELECT * FROM ${name}`);
  if (!isTold) return { rows };
  return {
    rows,
    ids: await read(`SELECT ${rowIds(mark)}, * FROM ${name}`),
    feed: await read(`SELECT * EXCLUDE (_commit_timestamp) FROM table_changes('${table}', 0)`),
  };
}

/** @param mark the greatest row id before the change, where the ids that came since are left out */
function rowIds(mark: bigint | undefined): string {
  const id =
    mark === undefined
      ? "_metadata.row_id"
      : `CASE WHEN _metadata.row_id <= ${mark} THEN _metadata.row_id END`;
  return `${id} AS row_id, _metadata.row_commit_version AS row_version`;
}

/** -1 for a table without rows. */
function lastRowId({ ids }: Content): bigint {
  const all = (ids?.rows ?? []).map(([id]) => BigInt(String(id)));
  return all.reduce((last, id) => (id > last ? id : last), -1n);
}

function contentOf([rows, ids, feed]: readonly SparkRows[]): Content {
  return ids === undefined
    ? { rows: compared(rows) }
    : { rows: compared(rows), ids: compared(ids), feed: compared(feed) };
}

function compared(rows: SparkRows | undefined): Relation {
  if (rows === undefined) throw new Error("Spark gave no rows");
  return relation(rows.columns, rows.rows);
}
