import { join } from "node:path";
import { temporaryFolder } from "../../source/temporary.js";
import type { JsonRecords } from "../read-json.js";
import { type FittedRecords, fitRecords } from "./fit-records.js";

/** The records of a file that can be read, in a file of their own. */
export interface ReadableRecords {
  readonly as: JsonRecords;
  readonly records: number;
  /** How many there are in all. */
  readonly found: number;
  dispose(): Promise<void>;
}

/**
 * Copies the records that can be read: objects in which no key occurs twice, or, where there are none, any values.
 *
 * @throws LakeError `invalid-input` where an array or a document is broken: it cannot be cut there.
 */
export async function readableRecords(
  records: JsonRecords,
  uri: string,
  signal: AbortSignal | undefined,
): Promise<ReadableRecords> {
  const folder = await temporaryFolder();
  try {
    const copy = (kind: "any" | "any-object", localPath: string): Promise<FittedRecords> => {
      const files = [{ localPath: records.localPath, uri, fileUri: "" }];
      const request = {
        files,
        layout: records.layout,
        target: { kind },
        misfits: "drop",
        added: NOTHING,
      } as const;
      return fitRecords(request, localPath, signal);
    };
    let localPath = join(folder.path, "objects");
    let copied = await copy("any-object", localPath);
    if (copied.broken === copied.records) {
      localPath = join(folder.path, "values");
      copied = await copy("any", localPath);
    }
    const maximumRecordBytes = Math.max(records.maximumRecordBytes, copied.longestRecord + 1);
    return {
      as: { localPath, layout: "lines", maximumRecordBytes },
      records: copied.records - copied.broken,
      found: copied.records,
      dispose: folder.dispose,
    };
  } catch (error) {
    await folder.dispose();
    throw error;
  }
}

const NOTHING = { rescued: "" };
