// A process that works on a local store, driven by its parent (test/object-store/processes.test.ts).
// Runs the compiled package, as every process of a user does. Usage: fork(this, [root, name]).
import { LocalStore, objectPath } from "../../dist/object-store/index.js";

const [root, name] = process.argv.slice(2);
const store = new LocalStore(root);

async function overwriteForever(path, size) {
  for (let i = 0; ; i++) {
    await store.put(objectPath(path), Buffer.alloc(size, i % 2 === 0 ? "a" : "b"));
    process.send({ written: i });
  }
}

process.on("message", async (message) => {
  if (message.putIfAbsent !== undefined) {
    process.send(await store.putIfAbsent(objectPath(message.putIfAbsent), Buffer.from(name)));
  }
  if (message.overwrite !== undefined) await overwriteForever(message.overwrite, message.size);
});
process.on("disconnect", () => process.exit());
process.send({ ready: true });
