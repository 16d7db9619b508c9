// Upserts into a table of 10 million rows in 200 files, each in a process of its own, against delta-rs on the same
// table. Sources: 10,000 rows next to each other, 10,000 all over the table, 1,000,000 all over the table.
import { cp, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { runNode } from "../child.mjs";
import { under } from "../compare.mjs";
import { copiedDataset, dataset } from "../dataset.mjs";
import { deltaRsPython, runPython, WITHOUT_DELTA_RS } from "../delta-rs.mjs";

const CHILD = path.join(import.meta.dirname, "merge-child.mjs");
const SIZES = {
  smoke: { files: 4, rowsPerFile: 1_000, few: 100, many: 1_000 },
  small: { files: 20, rowsPerFile: 50_000, few: 10_000, many: 100_000 },
  full: { files: 200, rowsPerFile: 50_000, few: 10_000, many: 1_000_000 },
};
/** Bytes in a megabyte. */
const MB = 1_000_000;

export async function merge({ size, folder, rounds, compare, figure, say }) {
  const python = deltaRsPython();
  if (python === undefined) {
    say(WITHOUT_DELTA_RS);
    return;
  }
  const { files, rowsPerFile, few, many } = SIZES[size];
  const rows = files * rowsPerFile;
  const tables = {};
  for (const kind of ["plain", "vectors"]) {
    tables[kind] = await dataset(`merge-${kind}-${files}x${rowsPerFile}`, (at) =>
      runNode([CHILD, "build", kind, String(files), String(rowsPerFile), at]),
    );
  }
  // Half of the rows have keys that are there; the others come after all of them.
  const sources = [
    { name: `${few.toLocaleString("en")} rows next to each other`, count: few, key: `${rows - few / 2} + i` },
    {
      name: `${few.toLocaleString("en")} rows all over the table`,
      count: few,
      key: `CASE WHEN i % 2 = 0 THEN i * ${Math.floor(rows / few)} ELSE ${rows} + i END`,
    },
    {
      name: `${many.toLocaleString("en")} rows all over the table`,
      count: many,
      key: `CASE WHEN i % 2 = 0 THEN i * ${Math.floor(rows / many)} ELSE ${rows} + i END`,
    },
  ];
  for (const { name, count, key } of sources) {
    const source = await copiedDataset(
      `merge-source-${rows}-${name.replaceAll(/\W+/g, "-")}.parquet`,
      `SELECT (${key})::BIGINT AS id, (i % 100)::BIGINT AS part, i / 4 AS amount, 'changed ' || i AS name,
              TIMESTAMPTZ '2025-01-01 00:00:00+00' + to_seconds(i) AS at, md5(i::VARCHAR) AS reference
       FROM range(${count}) AS r(i)`,
      "FORMAT parquet",
    );
    for (const kind of ["plain", "vectors"]) {
      const memory = { ours: [], peer: [] };
      const measured = (side, run) => async () => {
        const scratch = await mkdtemp(path.join(folder, "merge-"));
        // delta-rs writes no deletion vectors: it is measured on the table without them, every time.
        const at = path.join(scratch, "table");
        await cp(tables[side === "peer" ? "plain" : kind], at, { recursive: true });
        const { ms, maxMemory } = await run(at);
        const { stdout } = await runNode([CHILD, "check", at]);
        memory[side].push(maxMemory / MB);
        await rm(scratch, { recursive: true });
        return { ms, answer: JSON.parse(stdout) };
      };
      const text = kind === "plain" ? "" : ", deletion vectors";
      await compare({
        line: `merge ${name}${text}`,
        runs: Math.min(rounds, 3),
        warmups: 0,
        target: { kind: "ratio", times: 1 },
        ours: measured("ours", async (at) =>
          JSON.parse((await runNode([CHILD, "merge", at, source])).stdout),
        ),
        peer: measured("peer", (at) => runPython(python, "merge.py", [at, source])),
      });
      figure({
        line: `merge ${name}${text}: memory of the process at its peak`,
        unit: "MB",
        values: memory.ours,
        target: count === few ? under(1_000) : undefined,
      });
      figure({ line: `the same of delta-rs`, unit: "MB", values: memory.peer });
    }
  }
}
