// The command line's start-up, whole processes, above the floor of Node's own.
import path from "node:path";
import { runNode } from "../child.mjs";
import { under } from "../compare.mjs";

const GRIZZLY = path.join(import.meta.dirname, "../../dist/src/cli/main.js");

export async function startup({ folder, compare }) {
  const command = (line, args, target) =>
    compare({
      line,
      target,
      ours: () => run([GRIZZLY, ...args]),
      peer: () => run(["-e", "0"]),
    });
  await command("grizzly --help; the peer is node -e 0", ["--help"], under(250));
  const lake = path.join(folder, "lake");
  await command(
    "grizzly sql 'select 1'; the peer is node -e 0",
    ["--lake", lake, "sql", "select 1"],
    under(500),
  );
}

/** Both sides have only to succeed. */
async function run(args) {
  const { ms } = await runNode(args);
  return { ms, answer: "done" };
}
