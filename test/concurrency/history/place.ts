import path from "node:path";
import { pathToFileURL } from "node:url";
import type { S3Options } from "../../../object-store/index.js";

/** Where a lake under test lies. Its objects are plain files all the same, which whoever checks it reads as such. */
export interface HistoryPlace {
  /** As `openLake` takes it. */
  readonly lake: string;
  /** How S3 is reached, where the lake lies there. */
  readonly s3?: S3Options | undefined;
  /** The objects below this URI are the files below `folder`. */
  readonly root: string;
  readonly folder: string;
}

export function onDisk(folder: string): HistoryPlace {
  return { lake: folder, root: pathToFileURL(folder).href, folder };
}

/** The folder that holds the objects of a location. */
export function folderOf({ root, folder }: HistoryPlace, location: string): string {
  if (!location.startsWith(root)) throw new Error(`${location} is not below ${root}`);
  return path.join(folder, decodeURIComponent(location.slice(root.length)));
}
