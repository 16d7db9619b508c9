import { expect, test } from "vitest";
import { type CatalogEntry, parseEntry, serializeEntry } from "../../catalog/actions.js";
import { parseCheckpoint, serializeCheckpoint } from "../../catalog/checkpoint.js";
import { Catalog, type TransactionIntent, tableName } from "../../catalog/index.js";
import { applyAction, EMPTY_STATE } from "../../catalog/state.js";
import { MemoryStore, objectPath } from "../../object-store/index.js";
import { bytes, text } from "../support/object-stores.js";

const commit = { kind: "commit", txnId: "t1", timestamp: 1, operation: "TEST" } as const;

function intent(id: string, ...locations: string[]): TransactionIntent {
  return {
    id,
    tables: locations.map((location, index) => ({
      location,
      readVersion: index === 0 ? 2n ** 60n : undefined,
      stagedPath: objectPath(`_delta_log/_staged_commits/${id}.${index}.json`),
      txnId: `${id}-commit-${index}`,
      undoId: `${id}-undo-${index}`,
    })),
  };
}

test("a transaction is JSON lines, and reads back as it was", () => {
  const entry: CatalogEntry = {
    commit,
    actions: [
      { kind: "beginTransaction", ...intent("x", "./a", "file:///b") },
      { kind: "endTransaction", id: "x", outcome: "rolled-back", kept: ["./a"] },
    ],
  };
  const data = serializeEntry(entry);
  expect(text(data).split("\n").slice(1)).toEqual([
    '{"beginTransaction":{"id":"x","tables":[{"location":"./a","readVersion":1152921504606846976,"stagedPath":"_delta_log/_staged_commits/x.0.json","txnId":"x-commit-0","undoId":"x-undo-0"},{"location":"file:///b","stagedPath":"_delta_log/_staged_commits/x.1.json","txnId":"x-commit-1","undoId":"x-undo-1"}]}}',
    '{"endTransaction":{"id":"x","outcome":"rolled-back","kept":["./a"]}}',
    "",
  ]);
  expect(parseEntry(data, "f")).toEqual(entry);
});

test.each([
  ['{"beginTransaction":{"id":"x"}}', "tables is not an array"],
  ['{"beginTransaction":{"id":"x","tables":[1]}}', "tables holds something that is not an object"],
  [
    '{"beginTransaction":{"id":"x","tables":[{"location":"./a","stagedPath":"../x","txnId":"1","undoId":"2"}]}}',
    'stagedPath "../x" is not a path',
  ],
  [
    '{"beginTransaction":{"id":"x","tables":[{"location":"./a","readVersion":1.5,"stagedPath":"x","txnId":"1","undoId":"2"}]}}',
    "readVersion is not an integer",
  ],
  ['{"endTransaction":{"id":"x","outcome":"lost","kept":[]}}', '"lost" is no outcome of a transaction'],
])("a broken line is corrupt: %s", (line, why) => {
  const data = bytes(`${text(serializeEntry({ commit, actions: [] }))}${line}\n`);
  expect(() => parseEntry(data, "f")).toThrow(`f, line 2: ${why}`);
});

test("what has begun is pending until it ends, through a checkpoint too", () => {
  const begun = applyAction(EMPTY_STATE, { kind: "beginTransaction", ...intent("x", "./a", "./b") });
  const again = parseCheckpoint(serializeCheckpoint({ ...begun, version: 0 }), 0, "f");
  expect([...again.transactions.values()]).toEqual([intent("x", "./a", "./b")]);
  const ended = applyAction(again, { kind: "endTransaction", id: "x", outcome: "committed", kept: [] });
  expect(ended.transactions.size).toBe(0);
  expect(() =>
    applyAction(ended, { kind: "endTransaction", id: "x", outcome: "committed", kept: [] }),
  ).toThrow("there is no transaction x to end");
  expect(() => applyAction(begun, { kind: "beginTransaction", ...intent("y", "./b") })).toThrow(
    "transaction y began within another",
  );
});

test("of two transactions over one table the second waits for the first, and is told that it was there", async () => {
  const store = new MemoryStore();
  const [one, other] = [await Catalog.open(store), await Catalog.open(store)];
  const since = other.version;
  expect(await one.beginTransaction(intent("x", "./a", "./b"), one.version)).toEqual({ status: "begun" });
  expect(await other.beginTransaction(intent("y", "./b", "./c"), since)).toEqual({
    status: "busy",
    with: [intent("x", "./a", "./b")],
  });
  expect(await other.beginTransaction(intent("z", "./c", "./d"), since)).toEqual({ status: "begun" });
  const end = { id: "x", outcome: "committed", kept: [] } as const;
  expect(await other.endTransaction(end, [])).toEqual({ ended: true });
  expect(await one.endTransaction(end, [])).toEqual({ ended: false });
  expect(await other.beginTransaction(intent("y", "./b", "./e"), since)).toEqual({ status: "overtaken" });
  const now = other.version;
  expect(await other.beginTransaction(intent("y", "./b", "./e"), now)).toEqual({ status: "begun" });
  expect(other.pendingTransactions(["./e"])).toEqual([intent("y", "./b", "./e")]);
});

test("a reader is told of transactions that began since, whether they have ended or not", async () => {
  const store = new MemoryStore();
  const [writer, reader] = [await Catalog.open(store), await Catalog.open(store)];
  const since = reader.version;
  await writer.beginTransaction(intent("x", "./a", "./b"), writer.version);
  await writer.endTransaction({ id: "x", outcome: "committed", kept: [] }, []);
  await writer.beginTransaction(intent("y", "./c", "./d"), writer.version);
  expect(await reader.transactionsSince(since, ["./a"])).toEqual([]);
  await reader.refresh();
  expect(await reader.transactionsSince(since, ["./a", "./z"])).toEqual([intent("x", "./a", "./b")]);
  expect(await reader.transactionsSince(since, ["./d"])).toEqual([intent("y", "./c", "./d")]);
  expect(await reader.transactionsSince(since, ["./z"])).toEqual([]);
  expect(await reader.transactionsSince(reader.version, ["./a", "./d"])).toEqual([]);
});

test("a table that was created in vain loses its name in the entry that ends the transaction", async () => {
  const store = new MemoryStore();
  const catalog = await Catalog.open(store);
  const { entry } = await catalog.createTable(tableName("t"));
  await catalog.createTable(tableName("u"));
  await catalog.beginTransaction(intent("x", "./default/t", "./default/u"), catalog.version);
  const before = catalog.version;
  await catalog.endTransaction({ id: "x", outcome: "rolled-back", kept: [] }, [entry.location]);
  expect(catalog.version).toBe(before + 1);
  expect(catalog.tables().map(({ name }) => name)).toEqual(["u"]);
});
