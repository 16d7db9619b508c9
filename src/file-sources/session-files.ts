import type { Session } from "../../engine/index.js";
import type { LocalTier } from "../../object-store/index.js";
import type { FileTable } from "./file-table.js";
import { openFileTable } from "./open-file-table.js";

/** The files that the queries of a session name, each opened once: several plans of one statement read the same. */
export class SessionFiles {
  readonly #tier: LocalTier | undefined;
  readonly #opened = new WeakMap<Session, Map<string, FileTable>>();

  /** @param tier where copies of files are kept that are slow to read; default nowhere */
  constructor(tier?: LocalTier) {
    this.#tier = tier;
  }

  /** @throws LakeError as {@link openFileTable}. */
  async open(
    session: Session,
    name: string,
    withMetadata: boolean,
    signal: AbortSignal | undefined,
  ): Promise<FileTable> {
    const known = this.#opened.get(session) ?? new Map<string, FileTable>();
    this.#opened.set(session, known);
    const key = `${withMetadata ? "with" : "without"} ${name}`;
    const table =
      known.get(key) ?? (await openFileTable(session, name, { withMetadata, tier: this.#tier, signal }));
    known.set(key, table);
    return table;
  }
}
