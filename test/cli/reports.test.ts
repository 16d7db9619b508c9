import { describe, expect, test } from "vitest";
import { describeText } from "../../src/cli/commands/describe.js";
import { historyText, metricsText } from "../../src/cli/commands/history.js";
import { ingestText } from "../../src/cli/commands/ingest.js";
import { restoreText } from "../../src/cli/commands/restore.js";
import { styleFor } from "../../src/cli/terminal/style.js";
import type { IngestReport } from "../../src/index.js";

const STYLE = styleFor(false);
const LOOK = { style: STYLE };

describe("metricsText", () => {
  test.each([
    [{}, ""],
    [
      { numFiles: "2", numOutputRows: "1234567", numOutputBytes: "2330011" },
      "1,234,567 rows, +2 files, 2.3 MB",
    ],
    [{ numFiles: 1, numOutputRows: 9007199254740993n }, "9,007,199,254,740,993 rows, +1 file"],
    [{ numRemovedFiles: "3", numAddedFiles: "1", numOutputRows: "0" }, "+1 file, −3 files"],
    [{ numFiles: "not a number", numOutputRows: null }, ""],
  ])("%o", (metrics, text) => {
    expect(metricsText(metrics)).toBe(text);
  });
});

test("historyText", () => {
  const text = historyText(
    [
      {
        version: 10n,
        timestamp: "2025-01-31T10:00:00.123Z",
        operation: "WRITE",
        operationParameters: { mode: "Append", partitionBy: "[]", predicate: null },
        operationMetrics: { numOutputRows: "1", numFiles: "1" },
      },
    ],
    LOOK,
  );
  expect(text.split("\n")[2]).toBe(
    "      10 │ 2025-01-31 10:00:00 │ WRITE     │ 1 row, +1 file │ mode=Append",
  );
});

test("describeText", () => {
  const text = describeText(
    {
      name: "sales.orders",
      description: "what was\nsold",
      location: "file:///lake/sales/orders",
      version: 12n,
      id: "00000000-0000-4000-8000-000000000000",
      createdTime: "2025-01-01T00:00:00.000Z",
      lastModified: "2025-01-31T00:00:00.000Z",
      partitionColumns: ["day"],
      numFiles: 12,
      numRows: 6_001_215n,
      sizeInBytes: 177_000_000n,
      schema: [
        { name: "id", type: "bigint", nullable: false },
        { name: "day", type: "date", nullable: true },
      ],
      properties: { "delta.appendOnly": "true" },
      minReaderVersion: 1,
      minWriterVersion: 2,
      features: ["appendOnly"],
    },
    LOOK,
  );
  expect(text).toBe(`sales.orders, version 12
  comment         what was\\nsold
  location        file:///lake/sales/orders
  rows            6,001,215
  size            177 MB in 12 files, 14.8 MB each
  partitioned by  day
  created         2025-01-01T00:00:00.000Z
  changed         2025-01-31T00:00:00.000Z
  protocol        reader 1, writer 2
  features        appendOnly
  property        delta.appendOnly = true

 column │ type   │ nullable
────────┼────────┼──────────
 id     │ bigint │ no
 day    │ date   │ yes
`);
});

const LANDED: IngestReport = {
  table: "orders",
  version: 3n,
  created: false,
  commits: 1,
  rows: 1001n,
  rowsReplaced: 0n,
  rescued: { rows: 0n, records: 0n },
  sourceFiles: { landed: 2, replaced: 0, unchanged: 0, touched: 0 },
  bytesRead: 12_345,
  bytesWritten: 4567,
  filesAdded: 2,
  filesRemoved: 1,
  sources: [
    {
      uri: "a/orders.csv.gz",
      format: "csv",
      compression: "gzip",
      files: 1,
      rows: 1000n,
      rescued: { rows: 0n, records: 0n },
      notes: ["delimiter ;", "bad\u001bnote"],
    },
    {
      uri: "-",
      format: "jsonl",
      compression: "none",
      files: 1,
      rows: 1n,
      rescued: { rows: 0n, records: 0n },
      notes: [],
    },
  ],
  passedOver: [],
  columns: [
    { name: "id", type: "bigint" },
    { name: "na\nme", type: "string" },
  ],
  changes: [],
};

/** A report of nothing. */
const NOTHING: IngestReport = {
  ...LANDED,
  commits: 0,
  rows: 0n,
  bytesRead: 0,
  bytesWritten: 0,
  filesAdded: 0,
  filesRemoved: 0,
  sourceFiles: { landed: 0, replaced: 0, unchanged: 0, touched: 0 },
  sources: [],
  columns: [],
};

test("ingestText", () => {
  expect(ingestText(LANDED, 1234, STYLE)).toBe(`orders is at version 3
  1,001 rows landed in 2 files, 1 file replaced; 12.3 kB read, 4.6 kB written in 1.23 s
  a/orders.csv.gz  csv, gzip  1,000 rows
    delimiter ;
    bad\\u001bnote
  standard input   jsonl           1 row
  2 columns: id bigint, na\\nme string
`);
});

test("ingestText of many files in several commits", () => {
  const [source] = LANDED.sources;
  if (source === undefined) throw new Error("no source");
  const rescued = { rows: 5n, records: 2n };
  const text = ingestText(
    {
      ...LANDED,
      commits: 11,
      rows: 300_000n,
      rowsReplaced: 30n,
      rescued,
      sourceFiles: { landed: 100_000, replaced: 2, unchanged: 4, touched: 1 },
      passedOver: ["a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl", "e.jsonl"],
      changes: ["column added: x string"],
      sources: [
        { ...source, uri: "raw/0.jsonl and 9,999 more", files: 10_000, rescued, notes: [] },
        ...Array.from({ length: 20 }, () => ({ ...source, notes: [] })),
      ],
    },
    61_000,
    STYLE,
  );
  const lines = text.split("\n");
  expect(lines.slice(0, 6)).toEqual([
    "orders is at version 3",
    "  300,000 rows landed in 2 files, 1 file replaced by 11 commits; 12.3 kB read, 4.6 kB written in 1 min 01 s",
    "  30 former rows of 2 changed files left",
    "  5 rows with values that did not fit, 2 records of them unreadable: see _rescued_data",
    "  5 files landed before, 1 file written again with the same content: a.jsonl, b.jsonl, c.jsonl and 2 more",
    "  column added: x string",
  ]);
  expect(lines[7]).toBe("    5 rows with values that did not fit, 2 records of them unreadable");
  expect(lines.at(-3)).toBe("  and 1 more source");
});

test("ingestText of nothing new", () => {
  const sourceFiles = { landed: 0, replaced: 0, unchanged: 1, touched: 0 };
  const text = ingestText({ ...NOTHING, sourceFiles, passedOver: ["a.csv"] }, 1, STYLE);
  expect(text).toBe("orders is at version 3\n  nothing new to land\n  1 file landed before: a.csv\n");
});

test("ingestText of a job that had landed before", () => {
  const text = ingestText({ ...NOTHING, skipped: { committedVersion: 20_250_131n } }, 1, STYLE);
  expect(text).toBe("orders is at version 3\n  skipped: the job has committed its version 20250131 before\n");
});

test("restoreText", () => {
  const report = {
    table: "orders",
    version: 5n,
    restoredVersion: 2n,
    changed: true,
    filesRestored: 2,
    bytesRestored: 2000n,
    filesRemoved: 1,
    bytesRemoved: 500n,
    files: 3,
    sizeInBytes: 4500n,
    filesMissing: 0,
    featuresAdded: [],
    notes: ["a \u001bnote"],
  };
  expect(restoreText(report, STYLE)).toBe(
    "orders is at version 5: as it was at version 2\n  2 files back, 1 file out; 4.5 kB in 3 files\n  a \\u001bnote\n",
  );
  expect(restoreText({ ...report, filesMissing: 1, notes: [] }, STYLE)).toContain(
    "1 file out, 1 file missing; ",
  );
  expect(restoreText({ ...report, changed: false }, STYLE)).toBe(
    "orders is at version 5, and as it was at version 2: nothing to do\n",
  );
});
