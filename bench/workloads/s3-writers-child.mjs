// node s3-writers-child.mjs CONFIG: appends single rows, `together` of them under way at a time. Waits for a line on
// standard input before it begins.
import { once } from "node:events";
import { openLake } from "../../dist/src/index.js";

const { lakeUri, s3, table: name, writer, each, together, cache } = JSON.parse(process.argv[2]);
const lake = await openLake(lakeUri, { s3, threads: 1, memoryLimit: "300MB", cache: { directory: cache } });
const table = await lake.table(name);
await table.describe();
process.stdout.write("ready\n");
await once(process.stdin, "data");
let next = 0;
const appendAll = async () => {
  while (next < each) await table.insert({ rows: [{ writer: BigInt(writer), n: BigInt(next++) }] });
};
await Promise.all(Array.from({ length: together }, appendAll));
await lake.close();
process.stdout.write("{}\n");
process.exit(0);
