import type { CheckpointKind } from "../../../table-format/index.js";
import type { Invocation } from "../invocation.js";
import { bytesText, plural } from "../terminal/amounts.js";

/** Writes a checkpoint of a table's newest version. */
export async function checkpoint(
  invocation: Invocation,
  name: string,
  kind: CheckpointKind | undefined,
): Promise<void> {
  const report = await invocation.withLake(async (lake) =>
    (await lake.table(name)).checkpoint({ kind, signal: invocation.io.signal }),
  );
  await invocation.result(report, () => {
    const { version, actions, sizeInBytes } = report;
    const what = `${report.kind} checkpoint of version ${version}`;
    const size = `${plural(actions, "action")}, ${bytesText(sizeInBytes)}`;
    return report.status === "exists" ? `${what} is there already: ${size}\n` : `${what}: ${size}\n`;
  });
}
