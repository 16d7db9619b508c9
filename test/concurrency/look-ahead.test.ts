import path from "node:path";
import { expect, test } from "vitest";
import {
  type CallOptions,
  LocalStore,
  type ObjectMeta,
  type ObjectPath,
  openStore,
} from "../../object-store/index.js";
import { LakeOfTransactions } from "../support/lake-of-transactions.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { worker } from "./transaction-crash.js";

// A query of one table looks at the table while it looks at the catalog. Here the catalog comes late.

/** A store whose listings wait for a gate while it is shut, and which tells what was asked for by name. */
class GatedStore extends LocalStore {
  gate: Promise<void> | undefined;
  onHead: ((path: string) => void) | undefined;

  override async *list(
    prefix: string,
    options?: CallOptions & { readonly startAfter?: string },
  ): AsyncGenerator<ObjectMeta> {
    await this.gate;
    yield* super.list(prefix, options);
  }

  override async head(at: ObjectPath, options?: CallOptions): Promise<ObjectMeta | undefined> {
    const found = await super.head(at, options);
    this.onHead?.(at);
    return found;
  }
}

test("what a transaction brought and took back is not seen, when the catalog comes after both", async () => {
  const folder = path.join(await temporaryFolder(), "lake");
  const maker = await LakeOfTransactions.open(folder);
  const columns = ["id", "n"].map((name) => ({ name, type: "BIGINT" }));
  for (const name of ["a", "b"]) {
    await maker.create(name, { columns });
    await maker.insert(name, "VALUES (1, 0), (2, 0)");
  }
  const stores: GatedStore[] = [];
  const reader = await LakeOfTransactions.open(folder, (uri) => {
    if (uri.startsWith("file:")) return openStore(uri);
    const store = new GatedStore(uri);
    stores.push(store);
    return store;
  });
  const [ofLake, ofTable] = [stores[0], stores];
  await reader.rows("SELECT n FROM a WHERE id = 1");

  const { lake, life } = await worker(folder);
  const transaction = lake.begin();
  for (const name of ["a", "b"]) await transaction.changes.update(name, "n", "7", "id = 1");
  let openGate: () => void = () => {};
  let query: Promise<unknown> | undefined;
  let isBegun = false;
  life.afterWrite = async (write) => {
    if (write.startsWith("putIfAbsent _grizzly/catalog/") && !isBegun) {
      isBegun = true;
      // Row 2 lies in the file of row 1, so that the transaction loses in the second table.
      await maker.foreign().update("b", "n", "1", "id = 2");
    }
    if (!/putIfAbsent _delta_log\/0*2\.json$/.test(write) || query !== undefined) return;
    // The first table holds the change: the reader sees that, and then waits for the catalog.
    const seen = new Promise<void>((resolve) => {
      for (const store of ofTable) {
        store.onHead = (at) => {
          if (/0*3\.json$/.test(at)) resolve();
        };
      }
    });
    if (ofLake !== undefined) {
      ofLake.gate = new Promise((resolve) => {
        openGate = resolve;
      });
    }
    query = reader.rows("SELECT n FROM a WHERE id = 1");
    await seen;
  };
  await expect(transaction.commit()).rejects.toMatchObject({ code: "transaction-conflict" });
  expect(query).toBeDefined();
  openGate();
  expect(await query).toEqual([{ n: 0n }]);
});
