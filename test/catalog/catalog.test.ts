import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Catalog, parseTableName as n } from "../../catalog/index.js";
import { LocalStore, MemoryStore, type ObjectStore, objectPath } from "../../object-store/index.js";
import { bytes, contentsOf } from "../support/object-stores.js";
import { temporaryFolder } from "../support/temporary-folder.js";

describe.each<[string, () => Promise<ObjectStore>]>([
  ["memory", async () => new MemoryStore()],
  ["local", async () => new LocalStore(join(await temporaryFolder(), "lake"))],
])("a catalog on a %s store", (_kind, create) => {
  test("a lake without one is empty, and stays unwritten", async () => {
    const store = await create();
    const catalog = await Catalog.open(store);
    await catalog.refresh();
    expect(catalog.namespaces()).toEqual(["default"]);
    expect(catalog.tables()).toEqual([]);
    expect(catalog.views()).toEqual([]);
    expect(catalog.table(n("t"))).toBeUndefined();
    await expect(catalog.dropTable(n("t"))).rejects.toMatchObject({ kind: "not-found" });
    expect(await contentsOf(store)).toEqual({});
  });

  test("a table that was created is there for everyone", async () => {
    const store = await create();
    const [one, two] = [await Catalog.open(store), await Catalog.open(store)];
    const { entry, created } = await one.createTable(n("Orders"));
    expect(created).toBe(true);
    expect(entry).toEqual({
      namespace: "default",
      name: "Orders",
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      location: "default/Orders",
    });
    expect(one.table(n("oRDERS"))).toEqual(entry);
    expect(two.table(n("orders"))).toBeUndefined();
    await two.refresh();
    expect(two.table(n("orders"))).toEqual(entry);
    expect((await Catalog.open(store)).tables()).toEqual([entry]);
  });

  test("creating a table again is already-exists, or the entry that is there", async () => {
    const store = await create();
    const [one, two] = [await Catalog.open(store), await Catalog.open(store)];
    const { entry } = await one.createTable(n("t"));
    await expect(two.createTable(n("T"))).rejects.toMatchObject({
      kind: "already-exists",
      code: "table-exists",
    });
    expect(await two.createTable(n("T"), { ifNotExists: true })).toEqual({ entry, created: false });
  });

  test("a dropped table's folder is not given again, with files in it or without", async () => {
    const store = await create();
    const catalog = await Catalog.open(store);
    const first = (await catalog.createTable(n("t"))).entry;
    expect(await catalog.dropTable(n("t"))).toEqual(first);
    expect(catalog.table(n("t"))).toBeUndefined();
    const second = (await catalog.createTable(n("t"))).entry;
    expect(second.location).toBe(`default/t-${second.id.slice(0, 8)}`);
    await store.put(objectPath("default/u/part.parquet"), bytes("foreign"));
    const other = (await catalog.createTable(n("u"))).entry;
    expect(other.location).toBe(`default/u-${other.id.slice(0, 8)}`);
    expect(await contentsOf(store)).toMatchObject({ "default/u/part.parquet": "foreign" });
  });

  test("a renamed table keeps its id and its folder", async () => {
    const store = await create();
    const catalog = await Catalog.open(store);
    await catalog.createNamespace("Sales");
    const { entry } = await catalog.createTable(n("t"));
    await catalog.createTable(n("sales.taken"));
    expect(await catalog.renameTable(n("T"), n("T"))).toEqual({ ...entry, name: "T" });
    const moved = { ...entry, namespace: "Sales", name: "u" };
    expect(await catalog.renameTable(n("t"), n("SALES.u"))).toEqual(moved);
    expect(catalog.table(n("t"))).toBeUndefined();
    expect(catalog.table(n("sales.U"))).toEqual(moved);
    const { location } = (await catalog.createTable(n("t"))).entry;
    expect(location).not.toBe(entry.location);
    const exists = { kind: "already-exists" };
    await expect(catalog.renameTable(n("t"), n("sales.TAKEN"))).rejects.toMatchObject(exists);
    const notFound = { kind: "not-found" };
    await expect(catalog.renameTable(n("none"), n("x"))).rejects.toMatchObject(notFound);
    await expect(catalog.renameTable(n("t"), n("none.x"))).rejects.toMatchObject(notFound);
  });

  test("namespaces are created, listed in order, and dropped when empty", async () => {
    const catalog = await Catalog.open(await create());
    expect(await catalog.createNamespace("sales")).toEqual({ created: true });
    await catalog.createNamespace("Archive");
    expect(await catalog.createNamespace("SALES", { ifNotExists: true })).toEqual({ created: false });
    const exists = { kind: "already-exists", code: "namespace-exists" };
    await expect(catalog.createNamespace("Sales")).rejects.toMatchObject(exists);
    await expect(catalog.createNamespace("Default")).rejects.toMatchObject(exists);
    expect(catalog.namespaces()).toEqual(["Archive", "default", "sales"]);
    await catalog.createView(n("Sales.v"), "SELECT 1");
    const refused = {
      kind: "invalid-input",
      code: "namespace-not-empty",
      message: "namespace sales holds sales.v",
    };
    await expect(catalog.dropNamespace("SALES")).rejects.toMatchObject(refused);
    await catalog.dropView(n("sales.V"));
    await catalog.dropNamespace("SALES");
    expect(catalog.namespaces()).toEqual(["Archive", "default"]);
    await expect(catalog.dropNamespace("sales")).rejects.toMatchObject({ kind: "not-found" });
    await expect(catalog.dropNamespace("default")).rejects.toMatchObject({ code: "default-namespace" });
    await expect(catalog.createTable(n("sales.t"))).rejects.toMatchObject({
      kind: "not-found",
      code: "namespace-not-found",
    });
  });

  test("views share their names with tables", async () => {
    const catalog = await Catalog.open(await create());
    const view = { namespace: "default", name: "V", sql: "SELECT 1" };
    expect(await catalog.createView(n("V"), "SELECT 1")).toEqual(view);
    await expect(catalog.createView(n("v"), "SELECT 2")).rejects.toMatchObject({ code: "view-exists" });
    expect(await catalog.createView(n("v"), "SELECT 2", { replace: true })).toMatchObject({ name: "v" });
    expect(catalog.views()).toEqual([{ namespace: "default", name: "v", sql: "SELECT 2" }]);
    await expect(catalog.createTable(n("v"), { ifNotExists: true })).rejects.toMatchObject({
      code: "view-exists",
    });
    await catalog.createTable(n("t"));
    await expect(catalog.createView(n("t"), "SELECT 1", { replace: true })).rejects.toMatchObject({
      code: "table-exists",
    });
    await expect(catalog.dropView(n("t"))).rejects.toMatchObject({
      kind: "not-found",
      code: "view-not-found",
    });
    await expect(catalog.dropTable(n("v"))).rejects.toMatchObject({
      kind: "not-found",
      code: "table-not-found",
    });
    expect(catalog.view(n("V"))?.sql).toBe("SELECT 2");
    expect(await catalog.createView(n("w"), "SELECT 3", { replace: true })).toMatchObject({ name: "w" });
  });

  test("catalogs that race for one name agree on one table", async () => {
    const store = await create();
    const catalogs = await Promise.all(Array.from({ length: 6 }, () => Catalog.open(store)));
    const results = await Promise.all(catalogs.map((one) => one.createTable(n("t"), { ifNotExists: true })));
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(results.map(({ entry }) => JSON.stringify(entry))).size).toBe(1);
    const outcomes = await Promise.allSettled(catalogs.map((one) => one.createTable(n("u"))));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ kind: "already-exists" });
    }
  });

  test("no change of racing catalogs is lost, across checkpoints", async () => {
    const store = await create();
    const catalogs = await Promise.all(Array.from({ length: 5 }, () => Catalog.open(store)));
    await Promise.all(
      catalogs.map(async (catalog, i) => {
        for (let round = 0; round < 10; round++) await catalog.createTable(n(`t_${i}_${round}`));
      }),
    );
    const opened = await Catalog.open(store);
    expect(opened.tables()).toHaveLength(50);
    expect(new Set(opened.tables().map(({ location }) => location)).size).toBe(50);
    for (const catalog of catalogs) {
      await catalog.refresh();
      expect(catalog.tables()).toEqual(opened.tables());
    }
  });

  test("overlapping changes through one catalog all happen", async () => {
    const store = await create();
    const catalog = await Catalog.open(store);
    await Promise.all(Array.from({ length: 8 }, (_, i) => catalog.createTable(n(`t${i}`))));
    expect(catalog.tables().map(({ name }) => name)).toEqual([
      "t0",
      "t1",
      "t2",
      "t3",
      "t4",
      "t5",
      "t6",
      "t7",
    ]);
    expect((await Catalog.open(store)).tables()).toEqual(catalog.tables());
  });
});

test("bad names are refused before anything is written", async () => {
  const store = new MemoryStore();
  const catalog = await Catalog.open(store);
  const bad = { kind: "invalid-input", code: "name" };
  await expect(catalog.createTable({ namespace: "default", name: "a/b" })).rejects.toMatchObject(bad);
  await expect(catalog.createView({ namespace: "", name: "a" }, "")).rejects.toMatchObject(bad);
  await expect(catalog.createNamespace("")).rejects.toMatchObject(bad);
  await expect(catalog.renameTable(n("t"), { namespace: "default", name: "\t" })).rejects.toMatchObject(bad);
  expect(await contentsOf(store)).toEqual({});
});

test("a signal cancels, and nothing is written", async () => {
  const store = new MemoryStore();
  const catalog = await Catalog.open(store);
  const signal = AbortSignal.abort();
  await expect(catalog.createTable(n("t"), { signal })).rejects.toMatchObject({ kind: "cancelled" });
  await expect(catalog.refresh({ signal })).rejects.toMatchObject({ kind: "cancelled" });
  expect(await contentsOf(store)).toEqual({});
});
