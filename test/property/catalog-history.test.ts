import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalog, type TableName, tableName } from "../../catalog/index.js";
import { isLakeError } from "../../core/index.js";
import { MemoryStore } from "../../object-store/index.js";

type Step =
  | { readonly do: "createNamespace" | "dropNamespace"; readonly namespace: string }
  | { readonly do: "createTable" | "ensureTable" | "dropTable" | "dropView"; readonly name: TableName }
  | { readonly do: "renameTable"; readonly name: TableName; readonly to: TableName }
  | { readonly do: "createView" | "replaceView"; readonly name: TableName; readonly sql: string };

const namespace = fc.constantFrom("default", "Default", "ns", "NS", "other");
const name = fc
  .tuple(fc.constantFrom("a", "A", "b", "B", "c"), namespace)
  .map(([table, inside]) => tableName(table, inside));

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom("createNamespace", "dropNamespace"), namespace }),
  fc.record({ do: fc.constantFrom("createTable", "ensureTable", "dropTable", "dropView"), name }),
  fc.record({ do: fc.constant("renameTable" as const), name, to: name }),
  fc.record({
    do: fc.constantFrom("createView", "replaceView"),
    name,
    sql: fc.constantFrom("SELECT 1", "SELECT 2"),
  }),
);

type Member = { readonly name: string } & ({ readonly location: string } | { readonly sql: string });

/** The rules of the catalog, naively: a map of namespaces, each a map of its members, both by lower case. */
class Model {
  readonly namespaces = new Map([["default", { name: "default", members: new Map<string, Member>() }]]);

  /** Does one step; gives `done` or the kind of the error. `location` is what a new table was given. */
  apply(one: Step, location: string): string {
    if ("namespace" in one) {
      const key = one.namespace.toLowerCase();
      const found = this.namespaces.get(key);
      if (one.do === "createNamespace") {
        if (found !== undefined) return "already-exists";
        this.namespaces.set(key, { name: one.namespace, members: new Map() });
        return "done";
      }
      if (found === undefined) return "not-found";
      if (key === "default" || found.members.size > 0) return "invalid-input";
      this.namespaces.delete(key);
      return "done";
    }
    const members = this.namespaces.get(one.name.namespace.toLowerCase())?.members;
    const key = one.name.name.toLowerCase();
    const member = members?.get(key);
    const isTable = member !== undefined && "location" in member;
    const isView = member !== undefined && "sql" in member;
    switch (one.do) {
      case "createTable":
      case "ensureTable":
        if (members === undefined) return "not-found";
        if (isTable && one.do === "ensureTable") return "done";
        if (member !== undefined) return "already-exists";
        members.set(key, { name: one.name.name, location });
        return "done";
      case "createView":
      case "replaceView":
        if (members === undefined) return "not-found";
        if (isTable || (isView && one.do === "createView")) return "already-exists";
        members.set(key, { name: one.name.name, sql: one.sql });
        return "done";
      case "dropTable":
      case "dropView":
        if (!(one.do === "dropTable" ? isTable : isView)) return "not-found";
        members?.delete(key);
        return "done";
      case "renameTable": {
        if (!isTable) return "not-found";
        const target = this.namespaces.get(one.to.namespace.toLowerCase())?.members;
        if (target === undefined) return "not-found";
        const newKey = one.to.name.toLowerCase();
        if (target.has(newKey) && target.get(newKey) !== member) return "already-exists";
        members?.delete(key);
        target.set(newKey, { ...member, name: one.to.name });
        return "done";
      }
    }
  }

  contents(): string[] {
    return [...this.namespaces.values()]
      .flatMap(({ name: inside, members }) => [
        inside,
        ...[...members.values()].map((member) =>
          "sql" in member
            ? `${inside}.${member.name}: ${member.sql}`
            : `${inside}.${member.name} at ${member.location}`,
        ),
      ])
      .sort();
  }
}

function contents(catalog: Catalog): string[] {
  return [
    ...catalog.namespaces(),
    ...catalog.views().map((view) => `${view.namespace}.${view.name}: ${view.sql}`),
    ...catalog.tables().map((table) => `${table.namespace}.${table.name} at ${table.location}`),
  ].sort();
}

async function perform(catalog: Catalog, one: Step): Promise<unknown> {
  switch (one.do) {
    case "createNamespace":
      return catalog.createNamespace(one.namespace);
    case "dropNamespace":
      return catalog.dropNamespace(one.namespace);
    case "createTable":
      return catalog.createTable(one.name);
    case "ensureTable":
      return catalog.createTable(one.name, { ifNotExists: true });
    case "dropTable":
      return catalog.dropTable(one.name);
    case "dropView":
      return catalog.dropView(one.name);
    case "renameTable":
      return catalog.renameTable(one.name, one.to);
    case "createView":
      return catalog.createView(one.name, one.sql);
    case "replaceView":
      return catalog.createView(one.name, one.sql, { replace: true });
  }
}

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    if (isLakeError(error)) return error.kind;
    throw error;
  }
}

// Three catalogs take turns on one lake, so that each decides on states the others made.
test("any history ends as the naive model says, for everyone who looks", async () => {
  const history = fc.array(fc.tuple(fc.nat(2), step), { minLength: 1, maxLength: 60, size: "max" });
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const store = new MemoryStore();
      const catalogs = await Promise.all([Catalog.open(store), Catalog.open(store), Catalog.open(store)]);
      const model = new Model();
      const given = new Set<string>();
      for (const [who, one] of steps) {
        const catalog = catalogs[who] ?? catalogs[0];
        const outcome = await outcomeOf(perform(catalog, one));
        const location = "name" in one ? (catalog.table(one.name)?.location ?? "") : "";
        expect([one, outcome]).toEqual([one, model.apply(one, location)]);
        expect(contents(catalog)).toEqual(model.contents());
        if (one.do === "createTable" && outcome === "done") {
          expect(given).not.toContain(location.toLowerCase());
        }
        if (location !== "") given.add(location.toLowerCase());
      }
      for (const catalog of catalogs) {
        await catalog.refresh();
        expect(contents(catalog)).toEqual(model.contents());
      }
      expect(contents(await Catalog.open(store))).toEqual(model.contents());
    }),
    { seed: 20240131, numRuns: 150 },
  );
});
