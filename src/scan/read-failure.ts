import { access, open } from "node:fs/promises";
import { LakeError } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { farNameOf } from "./far/far-names.js";
import { plainName } from "./file-names.js";

const MAGIC_BYTES = 4;

/**
 * Explains a failed read: a file that the log lists and that is not there, or is no Parquet, damages the
 * table. `lists` are those of the relations.
 */
export async function explainReadFailure(
  session: Session,
  lists: readonly string[],
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof LakeError) || error.kind === "cancelled" || error.kind === "unsupported")
    return error;
  const files: string[] = [];
  for (const list of lists) {
    const rows = await session.rows(`SELECT unnest(${list}) AS name`);
    files.push(...rows.map(({ name }) => plainName(String(name))));
  }
  if (error.kind === "unavailable") {
    for (const file of files) {
      if (await exists(file)) continue;
      const name = farNameOf(session, file);
      const message = `the data file ${name} is listed in the log and is not there`;
      return damagedFile("data-file-missing", message, name, error);
    }
  }
  // The engine quotes the query after what it says; there, every file may be named.
  const [said = ""] = error.message.split("\n\nLINE ");
  const file = files.find((name) => said.includes(name));
  if (file === undefined) return error;
  const name = farNameOf(session, file);
  if (await isEncrypted(file)) {
    return new LakeError("unsupported", "data-file-encrypted", `the data file ${name} is encrypted`, {
      context: { file: name },
      hint: "Read it with the system that holds its keys.",
      cause: error,
    });
  }
  const what = said.replaceAll(file, name);
  return damagedFile("data-file-unreadable", `a data file cannot be read: ${what}`, name, error);
}

function damagedFile(code: string, message: string, file: string, cause: LakeError): LakeError {
  const hint = "Restore the file, or query a version that does not need it.";
  return new LakeError("corrupt", code, message, { context: { file }, hint, cause });
}

/** Whether the footer of a Parquet file is encrypted (parquet-format Encryption.md, "Encrypted footer mode"). */
async function isEncrypted(file: string): Promise<boolean> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    if (size < MAGIC_BYTES) return false;
    const { buffer } = await handle.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, size - MAGIC_BYTES);
    return buffer.toString("latin1") === "PARE";
  } finally {
    await handle.close();
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}
