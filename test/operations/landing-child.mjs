// A process that lands a folder, driven by its parent (test/operations/landing-processes.test.ts). Runs the compiled
// package, as every process of a user does. Usage: fork(this, [lake, folder, files of a batch, phase, times]): it dies
// by SIGKILL when it comes to that phase for so many times.
import { openLake } from "../../dist/src/index.js";

const [uri, folder, files, phase, times] = process.argv.slice(2);
const lake = await openLake(uri, { threads: 1 });
let before;
let seen = 0;
process.on("message", async () => {
  const report = await lake.ingest([folder], {
    into: "t",
    batch: { files: Number(files) },
    onProgress: (progress) => {
      // A phase is reported many times over.
      if (progress.phase === phase && before !== phase) seen++;
      before = progress.phase;
      if (progress.phase === phase && seen === Number(times)) process.kill(process.pid, "SIGKILL");
    },
  });
  process.send({ rows: String(report.rows), commits: report.commits });
  await lake.close();
  process.disconnect();
});
process.send("ready");
