import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { quoteString } from "../../engine/index.js";
import type { ErrorKind } from "../../src/index.js";
import { ROOT } from "../support/grizzly.js";

// Tables that other systems wrote, found by their folders: a new folder is a new test. fixtures/ is part of the
// project (scripts/fixtures writes it), ../shared/conformance lies beside the checkout on some machines.

const FIXTURES = path.join(ROOT, "fixtures");
const SHARED = path.join(ROOT, "../shared/conformance");

/** A table and what its writer reads from it. */
export interface ConformanceTable {
  /** `spark/dv-plain` */
  readonly name: string;
  /** The table's folder. */
  readonly path: string;
  /** SQL that can follow FROM: the rows of the newest version. */
  readonly expected: string;
  /** The change feed from a version on, where the writer gave it. */
  readonly changes: ExpectedChanges | undefined;
  /** The rows with their `_row_id` and `_row_commit_version`, where the writer gave them. */
  readonly rows: string | undefined;
}

export interface ExpectedChanges {
  readonly relation: string;
  readonly from: number;
  /**
   * Without in-commit timestamps the time of a commit is that of its file, which no checkout keeps:
   * `_commit_timestamp` is compared only where this is true.
   */
  readonly timed: boolean;
}

/** A table that must be refused. */
export interface RefusedTable {
  readonly name: string;
  readonly path: string;
  /** A table that is refused on `write` is read. */
  readonly on: "read" | "write";
  readonly kinds: readonly ErrorKind[];
  readonly code: string | undefined;
}

/** The tables of fixtures/<writer>/<table>. */
export async function fixtureTables(): Promise<ConformanceTable[]> {
  const writers = (await foldersIn(FIXTURES)).filter((writer) => writer !== "errors" && writer !== "docs");
  const groups = await Promise.all(writers.map((writer) => tablesIn(path.join(FIXTURES, writer), writer)));
  return groups.flat();
}

/** The tables beside the checkout; `undefined` where they are not there. */
export async function sharedTables(): Promise<ConformanceTable[] | undefined> {
  return existsSync(SHARED) ? tablesIn(path.join(SHARED, "delta"), "shared") : undefined;
}

/** The tables of fixtures/errors, and those beside the checkout where they are there. */
export async function refusedTables(): Promise<RefusedTable[]> {
  const folders = [
    path.join(FIXTURES, "errors"),
    ...(existsSync(SHARED) ? [path.join(SHARED, "errors")] : []),
  ];
  const groups = await Promise.all(
    folders.map(async (folder) =>
      Promise.all((await foldersIn(folder)).map((name) => refused(folder, name))),
    ),
  );
  return groups.flat();
}

async function tablesIn(folder: string, group: string): Promise<ConformanceTable[]> {
  const names = await foldersIn(folder);
  return Promise.all(names.map((name) => conformanceTable(path.join(folder, name), `${group}/${name}`)));
}

async function conformanceTable(folder: string, name: string): Promise<ConformanceTable> {
  const { features = [], changesFrom } = await json<FixtureFile>(path.join(folder, "fixture.json"), {});
  return {
    name,
    path: path.join(folder, "delta"),
    expected: parquet(path.join(folder, "expected")),
    changes:
      changesFrom === undefined
        ? undefined
        : {
            relation: parquet(path.join(folder, "expected-changes")),
            from: changesFrom,
            timed: features.includes("inCommitTimestamp"),
          },
    rows: existsSync(path.join(folder, "expected-rows"))
      ? parquet(path.join(folder, "expected-rows"))
      : undefined,
  };
}

async function refused(folder: string, name: string): Promise<RefusedTable> {
  const expect = await json<ExpectFile>(path.join(folder, name, "expect.json"), {});
  return {
    name,
    path: path.join(folder, name, "delta"),
    on: expect.on ?? "read",
    // A table of which nothing is said is damaged or asks for too much.
    kinds: expect.kind === undefined ? ["corrupt", "unsupported"] : [expect.kind],
    code: expect.code,
  };
}

/** What scripts/fixtures/registry.py writes, of which this much is used. */
interface FixtureFile {
  readonly features?: readonly string[];
  readonly changesFrom?: number;
}

/** What scripts/fixtures/errors.py writes. */
interface ExpectFile {
  readonly on?: "read" | "write";
  readonly kind?: ErrorKind;
  readonly code?: string;
}

async function json<T>(file: string, absent: T): Promise<T> {
  return existsSync(file) ? JSON.parse(await readFile(file, "utf8")) : absent;
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function parquet(folder: string): string {
  return `read_parquet(${quoteString(path.join(folder, "*.parquet"))})`;
}
