// A process that writes, reads and lists objects of a store on S3, says so, and is done (test/object-store/s3-process.test.ts).
// Runs the compiled package, as every process of a user does. The environment says where the service is.
import { objectPath, openStore } from "../../dist/object-store/index.js";

const store = openStore(process.argv[2]);
const path = objectPath("a");
const { status } = await store.putIfAbsent(path, Buffer.from("from the environment"));
const text = Buffer.from(await store.get(path)).toString();
const found = [];
for await (const meta of store.list("")) found.push(meta.path);
process.stdout.write(JSON.stringify({ status, text, found }));
