// The server of this folder as a process of its own, driven by its parent over the channel of fork(): see
// endpoint-process.ts, and for a parent that is no test, such as a benchmark, do the same by hand. The first message
// that is sent is {"ready": {url, port, bucket, s3Options}}. Usage: fork(this, [JSON of S3EndpointOptions]).
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const { module } = await runnerImport(fileURLToPath(new URL("child.ts", import.meta.url)), {
  root: fileURLToPath(new URL("../../..", import.meta.url)),
  configFile: false,
  logLevel: "error",
});
await module.serve(JSON.parse(process.argv[2] ?? "{}"));
