import { expect, test } from "vitest";
import { type CatalogAction, type CatalogEntry, parseEntry, serializeEntry } from "../../catalog/actions.js";
import { objectPath } from "../../object-store/index.js";
import { bytes, text } from "../support/object-stores.js";

const commit = { kind: "commit", txnId: "t1", timestamp: 1_700_000_000_000, operation: "TEST" } as const;
const COMMIT_LINE = '{"commit":{"txnId":"t1","timestamp":1700000000000,"operation":"TEST"}}';

const ACTIONS: CatalogAction[] = [
  { kind: "createNamespace", name: "ns" },
  { kind: "createTable", namespace: "ns", name: "t", id: "i", location: objectPath("ns/t") },
  { kind: "renameTable", namespace: "ns", name: "t", newNamespace: "default", newName: "u" },
  { kind: "dropTable", namespace: "default", name: "u" },
  { kind: "createView", namespace: "ns", name: "v", sql: "SELECT\n1" },
  { kind: "dropView", namespace: "ns", name: "v" },
  { kind: "dropNamespace", name: "ns" },
];

test("an entry is JSON lines, and reads back as it was", () => {
  const entry: CatalogEntry = { commit, actions: ACTIONS };
  const data = serializeEntry(entry);
  expect(text(data)).toBe(
    `${[
      COMMIT_LINE,
      '{"createNamespace":{"name":"ns"}}',
      '{"createTable":{"namespace":"ns","name":"t","id":"i","location":"ns/t"}}',
      '{"renameTable":{"namespace":"ns","name":"t","newNamespace":"default","newName":"u"}}',
      '{"dropTable":{"namespace":"default","name":"u"}}',
      '{"createView":{"namespace":"ns","name":"v","sql":"SELECT\\n1"}}',
      '{"dropView":{"namespace":"ns","name":"v"}}',
      '{"dropNamespace":{"name":"ns"}}',
    ].join("\n")}\n`,
  );
  expect(parseEntry(data, "f")).toEqual(entry);
});

test("fields that are not known are ignored", () => {
  const data = bytes(`${COMMIT_LINE}\n{"createNamespace":{"name":"ns","owner":"x"}}`);
  expect(parseEntry(data, "f")).toEqual({ commit, actions: [{ kind: "createNamespace", name: "ns" }] });
});

test("an action that is not known is unsupported, by its name", () => {
  expect(() => parseEntry(bytes(`${COMMIT_LINE}\n{"grantAccess":{}}`), "7.json")).toThrow(
    expect.objectContaining({
      kind: "unsupported",
      code: "catalog-action",
      message: "7.json, line 2: unknown action grantAccess",
    }),
  );
});

test.each([
  ["", 1],
  ['{"createNamespace":{"name":"ns"}}', 1],
  ['{"commit":{"txnId":"t1","timestamp":"now","operation":"TEST"}}', 1],
  ['{"commit":{"timestamp":1,"operation":"TEST"}}', 1],
  [`${COMMIT_LINE}\n{"createNames`, 2],
  [`${COMMIT_LINE}\n{}`, 2],
  [`${COMMIT_LINE}\n[]`, 2],
  [`${COMMIT_LINE}\n{"dropView":1}`, 2],
  [`${COMMIT_LINE}\n\n{"createNamespace":{"name":"a"},"dropNamespace":{"name":"a"}}`, 3],
  [`${COMMIT_LINE}\n{"createNamespace":{"name":1}}`, 2],
  [`${COMMIT_LINE}\n{"createTable":{"namespace":"a","name":"b","id":"i","location":"../x"}}`, 2],
])("%j is corrupt, and the error names the line", (content, line) => {
  expect(() => parseEntry(bytes(content), "7.json")).toThrow(
    expect.objectContaining({ kind: "corrupt", context: { file: "7.json", line } }),
  );
});

test("bytes that are not UTF-8 are corrupt", () => {
  expect(() => parseEntry(Uint8Array.of(0xff), "7.json")).toThrow(
    expect.objectContaining({ kind: "corrupt" }),
  );
});
