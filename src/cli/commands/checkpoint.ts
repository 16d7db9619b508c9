import type { Invocation } from "../invocation.js";
import { bytesText, plural } from "../terminal/amounts.js";

/** Writes a checkpoint of a table's newest version. */
export async function checkpoint(invocation: Invocation, name: string): Promise<void> {
  const written = await invocation.withLake(async (lake) =>
    (await lake.table(name)).checkpoint({ signal: invocation.io.signal }),
  );
  await invocation.result(written, () => {
    return `checkpoint of version ${written.version}: ${plural(written.actions, "action")}, ${bytesText(written.sizeInBytes)}\n`;
  });
}
