import type { Session } from "../../engine/index.js";
import type { LocalTier, StoreOpener } from "../../object-store/index.js";
import type { FileTable } from "./file-table.js";
import { openFileTable } from "./open-file-table.js";

export interface SessionFilesOptions {
  /** Where copies of files are kept that are far away or slow to read; default nowhere. */
  readonly tier?: LocalTier | undefined;
  /** Opens the stores of files that are far away, which a tier must be there for; default none. */
  readonly openStore?: StoreOpener | undefined;
}

/** The files that the queries of a session name, each opened once: several plans of one statement read the same. */
export class SessionFiles {
  readonly #options: SessionFilesOptions;
  readonly #opened = new WeakMap<Session, Map<string, FileTable>>();

  constructor(options: SessionFilesOptions = {}) {
    this.#options = options;
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
    const { tier, openStore } = this.#options;
    const table =
      known.get(key) ?? (await openFileTable(session, name, { withMetadata, tier, openStore, signal }));
    known.set(key, table);
    return table;
  }
}
