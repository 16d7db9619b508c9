// A process that lands a folder in a table, for many-files.stress.test.ts and the benchmarks.
// Runs the compiled package, as every process of a user does. Usage: node land-child.mjs LAKE FOLDER FILES_A_BATCH
// Prints one JSON object; milliseconds are those of the ingest, bytes the most memory that the process ever had.
import { openLake } from "../../../dist/src/index.js";

const [uri, folder, files] = process.argv.slice(2);
const lake = await openLake(uri, { memoryLimit: "500MB" });
const start = performance.now();
const report = await lake.ingest([folder], { into: "t", batch: { files: Number(files) } });
const ms = performance.now() - start;
await lake.close();
const { rows, commits, sourceFiles } = report;
process.stdout.write(
  JSON.stringify({
    rows: String(rows),
    commits,
    sourceFiles,
    ms,
    maxMemory: process.resourceUsage().maxRSS * 1024,
  }),
);
