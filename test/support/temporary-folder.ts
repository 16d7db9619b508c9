import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A new empty folder in `parent`, removed when the running test is over. */
export async function temporaryFolder(parent: string = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(parent, "grizzly-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface SharedFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** A new empty folder for several tests, which its owner removes. */
export async function sharedFolder(): Promise<SharedFolder> {
  const path = await mkdtemp(join(tmpdir(), "grizzly-test-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
