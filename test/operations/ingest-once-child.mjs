// A process that writes to a table for an application, driven by its parent (test/operations/ingest-once.test.ts).
// Runs the compiled package, as every process of a user does. Usage: fork(this, [lake, file, version]).
import { openLake } from "../../dist/src/index.js";

const [uri, file, version] = process.argv.slice(2);
const lake = await openLake(uri, { threads: 1 });
process.on("message", async (how) => {
  const application = { appId: "job", version: BigInt(version) };
  const report =
    how === "ingest"
      ? await lake.ingest([file], { into: "t", again: true, application })
      : await (await lake.table("t")).insert({ rows: [{ a: 1 }, { a: 2 }], application });
  const { committedVersion } = report.skipped ?? {};
  process.send({ skipped: committedVersion === undefined ? null : String(committedVersion) });
  await lake.close();
  process.disconnect();
});
process.send("ready");
