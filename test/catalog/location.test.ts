import { describe, expect, test } from "vitest";
import { tableName } from "../../catalog/index.js";
import { chooseLocation, plainLocation } from "../../catalog/location.js";
import { EMPTY_STATE } from "../../catalog/state.js";
import { MemoryStore, objectPath } from "../../object-store/index.js";
import { bytes } from "../support/object-stores.js";

describe("the plain location", () => {
  test.each([
    [tableName("orders"), "default/orders"],
    [tableName("My-Table_v1.2", "Sales"), "Sales/My-Table_v1.2"],
    [tableName("a b=ü%"), "default/a%20b%3D%C3%BC%25"],
    [tableName("catalog", "_grizzly"), "%5Fgrizzly/catalog"],
    [tableName("..", "."), "%2E/%2E."],
  ])("of %o is %s", (name, location) => {
    expect(plainLocation(name)).toBe(location);
  });

  test("of a long name is cut between two characters of its encoding", () => {
    const [, folder = ""] = plainLocation(tableName("ü".repeat(127))).split("/");
    expect(folder.length).toBeLessThanOrEqual(200);
    expect(folder).toMatch(/^(%C3%BC)+(%C3)?$/);
  });
});

describe("the chosen location", () => {
  const id = "0123abcd-0000-4000-8000-000000000000";
  const name = tableName("orders");

  test("is the plain one when nothing used it", async () => {
    const store = new MemoryStore();
    await store.put(objectPath("default/orders2/part"), bytes("x"));
    expect(await chooseLocation(store, EMPTY_STATE, name, id, {})).toBe("default/orders");
  });

  test.each(["default/orders/_delta_log/0.json", "default/orders"])(
    "has a suffix when %s exists",
    async (path) => {
      const store = new MemoryStore();
      await store.put(objectPath(path), bytes("x"));
      expect(await chooseLocation(store, EMPTY_STATE, name, id, {})).toBe("default/orders-0123abcd");
    },
  );

  test("has a suffix when a table had it, in whatever case", async () => {
    const state = { ...EMPTY_STATE, usedLocations: new Set(["default/orders"]) };
    const location = await chooseLocation(new MemoryStore(), state, tableName("ORDERS"), id, {});
    expect(location).toBe("default/ORDERS-0123abcd");
  });
});
