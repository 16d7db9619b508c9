import { join } from "node:path";
import type { SourceFile } from "../../source/source-file.js";
import { temporaryFolder } from "../../source/temporary.js";
import type { JsonLayout } from "../json-scanner.js";
import { fitRecords } from "./fit-records.js";

/**
 * Reads every record of files that the engine refused, without saying surely which record it was.
 *
 * @throws LakeError `invalid-input` naming file, line and column of the first record that cannot be read; nothing is
 *   thrown where all of them can.
 */
export async function refuseUnreadable(
  files: readonly SourceFile[],
  layout: JsonLayout,
  signal: AbortSignal | undefined,
): Promise<void> {
  const folder = await temporaryFolder();
  try {
    await fitRecords(
      {
        files: files.map(({ localPath, uri }) => ({ localPath, uri, fileUri: "" })),
        layout,
        target: { kind: "any" },
        misfits: "refuse",
        added: { rescued: "" },
      },
      join(folder.path, "records"),
      signal,
    );
  } finally {
    await folder.dispose();
  }
}
