import path from "node:path";
import { onTestFinished } from "vitest";
import { type Lake, openLake } from "../../src/index.js";
import { temporaryFolder } from "./temporary-folder.js";

/** A lake in a new folder, and a folder beside it for sources; both go when the running test is over. */
export interface TemporaryLake {
  readonly lake: Lake;
  readonly folder: string;
}

export async function temporaryLake(): Promise<TemporaryLake> {
  const folder = await temporaryFolder();
  const lake = await openLake(path.join(folder, "lake"));
  onTestFinished(() => lake.close());
  return { lake, folder };
}
