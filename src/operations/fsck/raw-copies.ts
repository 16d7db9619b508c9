import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LakeError } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import type { RawCopy, TableFolder } from "../../../table-format/index.js";
import { checkContent } from "../../raw-files/check-content.js";
import { leaseCopies } from "../../raw-files/lease-copies.js";

/**
 * How a check of a table reads files that are not Parquet: each is looked at byte for byte, whatever copies there
 * are, and has a name of its own, which files of equal content would otherwise share.
 */
export function rawCopies(session: Session, folder: TableFolder, signal: AbortSignal | undefined): RawCopy {
  let names: Promise<string> | undefined;
  let count = 0;
  const makeNames = async (): Promise<string> => {
    const made = await mkdtemp(join(tmpdir(), "grizzly-fsck-"));
    session.keep(() => rm(made, { recursive: true, force: true }));
    return made;
  };
  return async (file) => {
    await checkContent(file.localPath, file, signal);
    const [copy] = await leaseCopies(folder, [file], signal);
    if (copy === undefined) throw new LakeError("internal", "no-copy", `there is no copy of ${file.file}`);
    session.keep(() => copy.release());
    names ??= makeNames();
    const name = join(await names, `${++count}.parquet`);
    await symlink(copy.localPath, name);
    return name;
  };
}
