// node s3-endpoint-child.mjs COMPILED_ENDPOINT: see s3-endpoint.mjs. Ends with its standard input.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { startS3Endpoint } = await import(pathToFileURL(process.argv[2]).href);
const endpoint = await startS3Endpoint();
const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
tell({ s3: endpoint.s3Options, bucket: endpoint.bucket });
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.set !== undefined) endpoint.faults.set(command.set);
  if (command.mark) endpoint.counts.mark();
  tell(command.traffic ? endpoint.counts.sinceMark() : {});
}
await endpoint.close();
