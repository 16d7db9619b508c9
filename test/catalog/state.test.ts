import { describe, expect, test } from "vitest";
import type { CatalogAction } from "../../catalog/actions.js";
import { parseCheckpoint, serializeCheckpoint } from "../../catalog/checkpoint.js";
import { applyAction, type CatalogState, EMPTY_STATE } from "../../catalog/state.js";
import { objectPath } from "../../object-store/index.js";
import { bytes } from "../support/object-stores.js";

const createTable = (name: string, location = `default/${name}`, id = `id-of-${name}`): CatalogAction => ({
  kind: "createTable",
  namespace: "default",
  name,
  id,
  location: objectPath(location),
});

function replay(...actions: CatalogAction[]): CatalogState {
  return actions.reduce(applyAction, EMPTY_STATE);
}

test("applying does not change the state it is given", () => {
  const before = replay({ kind: "createNamespace", name: "sales" }, createTable("a"));
  const copy = structuredClone(before);
  for (const action of [
    createTable("b"),
    { kind: "dropTable", namespace: "default", name: "a" },
    { kind: "dropNamespace", name: "SALES" },
    { kind: "renameTable", namespace: "default", name: "a", newNamespace: "sales", newName: "A" },
    { kind: "createView", namespace: "default", name: "v", sql: "SELECT 1" },
  ] satisfies CatalogAction[]) {
    applyAction(before, action);
    expect(before).toEqual(copy);
  }
});

test("a renamed table keeps its id and its location; its old name is free", () => {
  const state = replay(
    { kind: "createNamespace", name: "Sales" },
    createTable("a"),
    { kind: "renameTable", namespace: "DEFAULT", name: "A", newNamespace: "Sales", newName: "B" },
    createTable("a", "default/a-id-of-ne", "id-of-new"),
  );
  expect([...state.tables]).toEqual([
    ["sales/b", { namespace: "Sales", name: "B", id: "id-of-a", location: "default/a" }],
    ["default/a", { namespace: "default", name: "a", id: "id-of-new", location: "default/a-id-of-ne" }],
  ]);
  expect([...state.usedLocations]).toEqual(["default/a"]);
});

describe("an action that cannot follow the state is corrupt", () => {
  const before = replay({ kind: "createNamespace", name: "sales" }, createTable("t"), {
    kind: "createView",
    namespace: "sales",
    name: "v",
    sql: "SELECT 1",
  });
  test.each<CatalogAction>([
    { kind: "createNamespace", name: "SALES" },
    { kind: "createNamespace", name: "Default" },
    { kind: "dropNamespace", name: "sales" },
    { kind: "dropNamespace", name: "default" },
    { kind: "dropNamespace", name: "none" },
    createTable("T", "elsewhere/t"),
    createTable("u", "Default/T"),
    { kind: "createTable", namespace: "none", name: "x", id: "x", location: objectPath("none/x") },
    { kind: "createTable", namespace: "sales", name: "V", id: "x", location: objectPath("sales/v") },
    { kind: "renameTable", namespace: "default", name: "none", newNamespace: "default", newName: "x" },
    { kind: "renameTable", namespace: "default", name: "t", newNamespace: "sales", newName: "v" },
    { kind: "renameTable", namespace: "default", name: "t", newNamespace: "none", newName: "t" },
    { kind: "dropTable", namespace: "sales", name: "v" },
    { kind: "createView", namespace: "default", name: "T", sql: "" },
    { kind: "dropView", namespace: "default", name: "t" },
  ])("%o", (action) => {
    expect(() => applyAction(before, action)).toThrow(
      expect.objectContaining({ kind: "corrupt", code: "catalog-log" }),
    );
  });
});

describe("a checkpoint", () => {
  const state: CatalogState = {
    ...replay(
      { kind: "createNamespace", name: "Sales" },
      createTable("T"),
      createTable("gone"),
      { kind: "dropTable", namespace: "default", name: "gone" },
      { kind: "createView", namespace: "sales", name: "V", sql: "SELECT 'ü\n' AS x" },
    ),
    version: 39,
  };

  test("holds the whole state", () => {
    expect(parseCheckpoint(serializeCheckpoint(state), 39, "c.json")).toEqual(state);
    const empty = { ...EMPTY_STATE, version: 0 };
    expect(parseCheckpoint(serializeCheckpoint(empty), 0, "c.json")).toEqual(empty);
  });

  test.each([
    ["", "corrupt"],
    ['{"checkpoint":{"version":38,"usedLocations":[]}}', "corrupt"],
    ['{"checkpoint":{"version":39}}', "corrupt"],
    ['{"checkpoint":{"version":39,"usedLocations":[1]}}', "corrupt"],
    ['{"checkpoint":{"version":39,"usedLocations":[]}}\n{"dropNamespace":{"name":"x"}}', "corrupt"],
    ['{"checkpoint":{"version":39,"usedLocations":[]}}\n{"createIndex":{"name":"x"}}', "unsupported"],
  ])("%j is %s", (text, kind) => {
    expect(() => parseCheckpoint(bytes(text), 39, "c.json")).toThrow(
      expect.objectContaining({ kind, message: expect.stringMatching(/^c\.json, line [12]: /) }),
    );
  });
});
