import { isLakeError, LakeError } from "../../../core/index.js";
import { type ObjectPath, type ObjectStore, objectPath } from "../../../object-store/index.js";
import type { TableFolder } from "../../../table-format/index.js";
import { farRoot } from "../file-names.js";

/** An object by its store. */
export interface LocatedObject {
  readonly store: ObjectStore;
  readonly path: ObjectPath;
}

/** Opens the stores of one table's files, each once. */
export class ObjectLocator {
  readonly #folder: TableFolder;
  readonly #stores = new Map<string, ObjectStore>();

  constructor(folder: TableFolder) {
    this.#folder = folder;
  }

  /**
   * The object of a decoded URI, as `loggedFileSql` gives it.
   *
   * @throws LakeError `unsupported` (`foreign-file`) for one in no store that can be opened.
   */
  locate(uri: string): LocatedObject {
    const { store } = this.#folder;
    const own = farRoot(store);
    if (uri.startsWith(own)) return { store, path: objectPath(uri.slice(own.length)) };
    const [, root = "", key = ""] = /^([^:]+:\/\/[^/]*)\/+(.*)$/s.exec(uri) ?? [];
    return { store: this.#open(root, uri), path: objectPath(key) };
  }

  #open(root: string, uri: string): ObjectStore {
    const known = this.#stores.get(root);
    if (known !== undefined) return known;
    const { openStore } = this.#folder;
    try {
      if (openStore === undefined) throw foreignFile(uri, undefined);
      const store = openStore(root);
      this.#stores.set(root, store);
      return store;
    } catch (error) {
      throw isLakeError(error, "unsupported") ? foreignFile(uri, error) : error;
    }
  }
}

function foreignFile(uri: string, cause: unknown): LakeError {
  return new LakeError(
    "unsupported",
    "foreign-file",
    `the table refers to ${uri}, which is on another store`,
    {
      context: { file: uri },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
