import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const alive = new Set<string>();

/**
 * Makes an empty folder that only this user can read. It goes with {@link removeSpillDirectory}, or
 * when the process exits.
 */
export function makeSpillDirectory(): string {
  if (alive.size === 0) process.on("exit", removeAll);
  const directory = mkdtempSync(join(tmpdir(), "grizzly-lake-"));
  alive.add(directory);
  return directory;
}

/** Removes the folder with everything in it; nothing happens when it is gone already. */
export function removeSpillDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  alive.delete(directory);
  if (alive.size === 0) process.off("exit", removeAll);
}

function removeAll(): void {
  for (const directory of [...alive]) removeSpillDirectory(directory);
}
