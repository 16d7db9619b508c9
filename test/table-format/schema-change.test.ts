import { describe, expect, test } from "vitest";
import {
  type Alteration,
  type DataType,
  type DomainMetadata,
  type FieldPath,
  type Metadata,
  mapNewColumns,
  type PlannedChange,
  type Protocol,
  parseSchema,
  pathText,
  planAlteration,
  planNewTable,
  type StructField,
  serializeSchema,
  type TableDefinition,
} from "../../table-format/index.js";
import { findPath } from "../../table-format/schema-change/field-path.js";
import { canWiden } from "../../table-format/schema-change/type-widening.js";

const LONG: DataType = { type: "long" };
const INT: DataType = { type: "integer" };
const STRING: DataType = { type: "string" };
const POINT: DataType = {
  type: "struct",
  fields: [
    { name: "x", type: INT, nullable: true, metadata: {} },
    { name: "y", type: INT, nullable: true, metadata: {} },
  ],
};
const COLUMNS = [
  { name: "id", type: LONG },
  { name: "name", type: STRING },
  { name: "place", type: POINT },
  {
    name: "points",
    type: { type: "array", elementType: POINT, containsNull: true },
  },
  { name: "by", type: { type: "map", keyType: STRING, valueType: POINT, valueContainsNull: true } },
] as const satisfies TableDefinition["columns"];

/** UUIDs that tell in which order they were made. */
function counter(): () => string {
  let made = 0;
  return () => `u${++made}`;
}

interface State {
  readonly metadata: Metadata;
  readonly protocol: Protocol;
  readonly domains: ReadonlyMap<string, DomainMetadata>;
}

function created(definition: Partial<TableDefinition> = {}): State {
  const plan = planNewTable(
    { columns: COLUMNS, ...definition },
    { now: 7, newUuid: counter(), isManaged: true },
  );
  return after({ metadata: undefined, protocol: undefined, domains: new Map() }, plan);
}

function after(
  before: { readonly [Name in keyof State]: State[Name] | undefined },
  plan: PlannedChange,
): State {
  const metadata = plan.metadata ?? before.metadata;
  const protocol = plan.protocol ?? before.protocol;
  if (metadata === undefined || protocol === undefined) throw new Error("a table without metadata");
  const domains = new Map([
    ...(before.domains ?? []),
    ...plan.domains.map((domain) => [domain.domain, domain] as const),
  ]);
  return { metadata, protocol, domains };
}

function plan(state: State, alteration: Alteration): PlannedChange | undefined {
  return planAlteration(
    { ...state, schema: parseSchema(state.metadata.schemaString) },
    alteration,
    counter(),
  );
}

function altered(state: State, ...alterations: readonly Alteration[]): State {
  return alterations.reduce((now, alteration) => {
    const change = plan(now, alteration);
    return change === undefined ? now : after(now, change);
  }, state);
}

function fieldOf(state: State, ...path: FieldPath): StructField {
  return findPath(parseSchema(state.metadata.schemaString), path).field;
}

function names(state: State): readonly string[] {
  return parseSchema(state.metadata.schemaString).fields.map(({ name }) => name);
}

const MAPPED = { properties: { "delta.columnMapping.mode": "name" } };

function add(...columns: readonly (readonly [path: FieldPath, type: DataType])[]): Alteration {
  return { kind: "add-columns", columns: columns.map(([path, type]) => ({ path, type })) };
}
function rename(column: FieldPath, to: string): Alteration {
  return { kind: "rename-column", column, to };
}
function drop(...columns: readonly FieldPath[]): Alteration {
  return { kind: "drop-columns", columns, ifExists: false };
}
function set(properties: Readonly<Record<string, string>>): Alteration {
  return { kind: "set-properties", properties };
}
function widen(column: FieldPath, type: DataType): Alteration {
  return { kind: "change-column", column, change: { kind: "type", type } };
}

describe("column mapping", () => {
  test("a new table has ids in the order of its columns, parents first, and made-up names", () => {
    const state = created(MAPPED);
    const ids = (...path: FieldPath): unknown => fieldOf(state, ...path).metadata["delta.columnMapping.id"];
    expect(
      [
        ["id"],
        ["name"],
        ["place"],
        ["place", "x"],
        ["place", "y"],
        ["points"],
        ["points", "element", "x"],
        ["points", "element", "y"],
        ["by"],
        ["by", "value", "x"],
        ["by", "value", "y"],
      ].map((path) => ids(...path)),
    ).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(fieldOf(state, "place", "y").metadata["delta.columnMapping.physicalName"]).toMatch(/^col-u\d+$/);
    expect(state.metadata.configuration["delta.columnMapping.maxColumnId"]).toBe("11");
    expect(state.protocol).toMatchObject({ minReaderVersion: 2, minWriterVersion: 7 });
  });

  test("a table that exists keeps its names as physical ones", () => {
    const state = altered(created(), set(MAPPED.properties));
    for (const path of [["id"], ["place", "x"], ["by", "value", "y"]]) {
      const { metadata, name } = fieldOf(state, ...path);
      expect(metadata["delta.columnMapping.physicalName"]).toBe(name);
    }
  });

  test.each([
    [{}, "id"],
    [MAPPED.properties, "id"],
    [MAPPED.properties, "none"],
    [{ "delta.columnMapping.mode": "id" }, "name"],
  ])("a table with %j does not go to %s", (properties, mode) => {
    expect(() => plan(created({ properties }), set({ "delta.columnMapping.mode": mode }))).toThrow(
      expect.objectContaining({ kind: "invalid-input", code: "column-mapping-change" }),
    );
  });

  test("the mode is not taken away by taking its property away", () => {
    const alteration = {
      kind: "unset-properties",
      names: ["delta.columnMapping.mode"],
      ifExists: false,
    } as const;
    expect(() => plan(created(MAPPED), alteration)).toThrow(/from name to none/);
  });

  test("ids are never given out again", () => {
    const state = altered(created(MAPPED), drop(["by"]), add([["by"], INT]));
    expect(fieldOf(state, "by").metadata["delta.columnMapping.id"]).toBe(12);
    expect(fieldOf(state, "by").metadata["delta.columnMapping.physicalName"]).toMatch(/^col-/);
  });

  test("a schema of another writer counts even when its property lies", () => {
    const { schema } = mapNewColumns(
      parseSchema(created(MAPPED).metadata.schemaString),
      { "delta.columnMapping.mode": "name" },
      () => "col-x",
    );
    const { configuration } = mapNewColumns(
      { ...schema, fields: [...schema.fields, { name: "new", type: INT, nullable: true, metadata: {} }] },
      { "delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "2" },
      () => "col-y",
    );
    expect(configuration["delta.columnMapping.maxColumnId"]).toBe("12");
  });
});

describe("columns are added", () => {
  test("last, first, after another, inside structs, arrays and maps", () => {
    const state = altered(created(), {
      kind: "add-columns",
      columns: [
        { path: ["last"], type: INT, comment: "the end" },
        { path: ["first"], type: INT, position: { kind: "first" } },
        { path: ["second"], type: INT, position: { kind: "after", name: "FIRST" } },
        { path: ["PLACE", "z"], type: INT, position: { kind: "after", name: "x" } },
        { path: ["points", "element", "z"], type: INT },
        { path: ["by", "value", "z"], type: INT, position: { kind: "first" } },
      ],
    });
    expect(names(state)).toEqual(["first", "second", "id", "name", "place", "points", "by", "last"]);
    expect(fieldOf(state, "last")).toMatchObject({ nullable: true, metadata: { comment: "the end" } });
    expect(fieldOf(state, "place").type).toMatchObject({
      fields: [{ name: "x" }, { name: "z" }, { name: "y" }],
    });
    expect(fieldOf(state, "points", "element", "z").name).toBe("z");
    expect(fieldOf(state, "by").type).toMatchObject({ valueType: { fields: [{ name: "z" }, {}, {}] } });
  });

  test.each([
    [["ID"], "already-exists", "column-exists"],
    [["place", "X"], "already-exists", "column-exists"],
    [["nowhere", "z"], "invalid-input", "column-not-found"],
    [["name", "z"], "invalid-input", "not-a-struct"],
    [["points", "z"], "invalid-input", "not-a-struct"],
  ])("not %j", (path, kind, code) => {
    expect(() => plan(created(), add([path, INT]))).toThrow(expect.objectContaining({ kind, code }));
  });

  test("not after a column that is somewhere else", () => {
    const columns = [{ path: ["z"], type: INT, position: { kind: "after", name: "x" } }] as const;
    expect(() => plan(created(), { kind: "add-columns", columns })).toThrow(/no such column beside it/);
  });

  test("a wall clock needs its feature first", () => {
    expect(() => plan(created(), add([["t"], { type: "timestamp_ntz" }]))).toThrow(
      expect.objectContaining({ code: "feature-needed" }),
    );
    const state = altered(
      created(),
      set({ "delta.feature.timestampNtz": "supported" }),
      add([["t"], { type: "timestamp_ntz" }]),
    );
    expect(state.protocol.readerFeatures).toEqual(["timestampNtz"]);
  });
});

describe("columns are renamed and dropped", () => {
  test("with their physical names, partitions and statistics following", () => {
    const state = altered(
      created({
        partitionBy: ["name"],
        properties: { ...MAPPED.properties, "delta.dataSkippingStatsColumns": "id, place.x, place.y" },
      }),
      rename(["name"], "label"),
      rename(["place", "x"], "a b"),
      drop(["place", "Y"], ["points"]),
    );
    expect(names(state)).toEqual(["id", "label", "place", "by"]);
    expect(state.metadata.partitionColumns).toEqual(["label"]);
    expect(state.metadata.configuration["delta.dataSkippingStatsColumns"]).toBe("id,place.`a b`");
    expect(fieldOf(state, "label").metadata["delta.columnMapping.id"]).toBe(2);
  });

  test("only with column mapping", () => {
    for (const alteration of [rename(["id"], "k"), drop(["id"])]) {
      expect(() => plan(created(), alteration)).toThrow(
        expect.objectContaining({
          code: "column-mapping-needed",
          hint: expect.stringContaining("columnMapping.mode"),
        }),
      );
    }
  });

  test("not while a constraint or a generated column names them", () => {
    const state = created({
      ...MAPPED,
      columns: [...COLUMNS, { name: "twice", type: LONG, generatedAs: "id * 2" }],
      constraints: { inside: "place.x > 0 AND name <> 'id'" },
    });
    for (const alteration of [
      rename(["id"], "k"),
      drop(["id"]),
      rename(["place"], "p"),
      drop(["place", "x"]),
      drop(["name"]),
    ]) {
      expect(() => plan(state, alteration)).toThrow(expect.objectContaining({ code: "column-in-use" }));
    }
    expect(names(altered(state, rename(["place", "y"], "z"), drop(["id"], ["twice"])))).not.toContain("id");
  });

  test("a rule that cannot be parsed counts as naming every column that its text holds", () => {
    const state = created(MAPPED);
    const configuration = { ...state.metadata.configuration, "delta.constraints.odd": "id BETWEEN OVER (((" };
    const odd = { ...state, metadata: { ...state.metadata, configuration } };
    expect(() => plan(odd, rename(["id"], "k"))).toThrow(/constraint odd/);
    expect(names(altered(odd, rename(["name"], "label")))).toContain("label");
  });

  test("not the columns that a table is partitioned or clustered by", () => {
    expect(() => plan(created({ ...MAPPED, partitionBy: ["name"] }), drop(["name"]))).toThrow(
      /partitioned by it/,
    );
    const clustered = created({ ...MAPPED, clusterBy: [["place", "x"]] });
    for (const path of [["place"], ["place", "x"]]) {
      expect(() => plan(clustered, drop(path))).toThrow(/clustered by it/);
    }
    expect(names(altered(clustered, rename(["place"], "where")))).toContain("where");
  });

  test("not the last column, not a name that is taken, not the inside of an array", () => {
    const one = created({ ...MAPPED, columns: [{ name: "a", type: POINT }] });
    expect(() => plan(one, drop(["a"]))).toThrow(/only column of the table/);
    expect(() => plan(one, drop(["a", "x"], ["a", "y"]))).toThrow(/only column of a/);
    expect(() => plan(created(MAPPED), rename(["id"], "NAME"))).toThrow(/a column name already/);
    expect(() => plan(created(MAPPED), rename(["points", "element"], "e"))).toThrow(/inside of points/);
    expect(names(altered(created(MAPPED), rename(["id"], "ID")))[0]).toBe("ID");
  });

  test("IF EXISTS passes over columns that are not there", () => {
    const alteration = { kind: "drop-columns", columns: [["no"], ["name"]], ifExists: true } as const;
    expect(names(altered(created(MAPPED), alteration))).not.toContain("name");
    expect(plan(created(MAPPED), { ...alteration, columns: [["no"]] })).toBeUndefined();
  });
});

describe("type widening", () => {
  const decimal = (precision: number, scale: number): DataType => ({ type: "decimal", precision, scale });
  const simple = (name: "byte" | "short" | "integer" | "long" | "float" | "double" | "date" | "string") =>
    ({ type: name }) as const;

  test.each<[DataType, DataType]>([
    [simple("byte"), simple("short")],
    [simple("byte"), simple("long")],
    [simple("short"), simple("integer")],
    [simple("integer"), simple("long")],
    [simple("float"), simple("double")],
    [simple("byte"), simple("double")],
    [simple("integer"), simple("double")],
    [simple("date"), { type: "timestamp_ntz" }],
    [decimal(5, 2), decimal(6, 2)],
    [decimal(5, 2), decimal(7, 4)],
    [simple("byte"), decimal(10, 0)],
    [simple("integer"), decimal(12, 2)],
    [simple("long"), decimal(20, 0)],
    [simple("long"), decimal(38, 18)],
  ])("%j becomes %j, not the other way round", (from, to) => {
    expect(canWiden(from, to)).toBe(true);
    expect(canWiden(to, from)).toBe(false);
  });

  test.each<[DataType, DataType]>([
    [simple("long"), simple("double")],
    [simple("long"), simple("long")],
    [simple("long"), decimal(19, 0)],
    [simple("integer"), decimal(10, 1)],
    [simple("integer"), simple("float")],
    [simple("integer"), simple("string")],
    [decimal(5, 2), decimal(5, 2)],
    [decimal(5, 2), decimal(5, 3)],
    [decimal(5, 2), decimal(8, 6)],
    [simple("date"), { type: "timestamp" }],
    [POINT, POINT],
  ])("%j does not become %j", (from, to) => {
    expect(canWiden(from, to)).toBe(false);
  });

  const widening = (): State =>
    created({
      columns: [
        { name: "a", type: simple("byte") },
        { name: "list", type: { type: "array", elementType: simple("integer"), containsNull: true } },
        {
          name: "by",
          type: {
            type: "map",
            keyType: simple("short"),
            valueType: {
              type: "array",
              elementType: {
                type: "struct",
                fields: [{ name: "x", type: simple("float"), nullable: true, metadata: {} }],
              },
              containsNull: true,
            },
            valueContainsNull: true,
          },
        },
        {
          name: "deep",
          type: {
            type: "map",
            keyType: STRING,
            valueType: { type: "array", elementType: decimal(6, 2), containsNull: true },
            valueContainsNull: true,
          },
        },
      ],
      properties: { "delta.enableTypeWidening": "true" },
    });

  test("changes are recorded at the nearest field, with the way to the part that changed", () => {
    const state = altered(
      widening(),
      widen(["a"], simple("integer")),
      widen(["a"], simple("long")),
      widen(["list", "element"], simple("long")),
      widen(["by", "key"], simple("integer")),
      widen(["by", "value", "element", "x"], simple("double")),
      widen(["deep", "value", "element"], decimal(10, 4)),
    );
    const changes = (...path: FieldPath): unknown => fieldOf(state, ...path).metadata["delta.typeChanges"];
    expect(fieldOf(state, "a").type).toEqual(simple("long"));
    expect(changes("a")).toEqual([
      { fromType: "byte", toType: "integer" },
      { fromType: "integer", toType: "long" },
    ]);
    expect(changes("list")).toEqual([{ fromType: "integer", toType: "long", fieldPath: "element" }]);
    expect(changes("by")).toEqual([{ fromType: "short", toType: "integer", fieldPath: "key" }]);
    expect(changes("by", "value", "element", "x")).toEqual([{ fromType: "float", toType: "double" }]);
    expect(changes("deep")).toEqual([
      { fromType: "decimal(6,2)", toType: "decimal(10,4)", fieldPath: "value.element" },
    ]);
    expect(state.protocol.readerFeatures).toEqual(["typeWidening"]);
  });

  test("only where the table allows it", () => {
    expect(() => plan(created(), widen(["place", "x"], LONG))).toThrow(
      expect.objectContaining({ code: "type-widening-needed" }),
    );
    expect(() => plan(widening(), widen(["a"], STRING))).toThrow(
      expect.objectContaining({ code: "type-change" }),
    );
    expect(() =>
      plan(widening(), widen(["list"], { type: "array", elementType: LONG, containsNull: true })),
    ).toThrow(
      expect.objectContaining({ code: "type-change", hint: expect.stringContaining("list.element") }),
    );
  });

  test("not where a constraint names the column", () => {
    const state = altered(widening(), { kind: "add-constraint", name: "c", expression: "a > 0" });
    expect(() => plan(state, widen(["a"], INT))).toThrow(expect.objectContaining({ code: "column-in-use" }));
  });
});

describe("what columns say of themselves", () => {
  const change = (column: FieldPath, of: (Alteration & { kind: "change-column" })["change"]): Alteration => ({
    kind: "change-column",
    column,
    change: of,
  });

  test("comments, NOT NULL, place", () => {
    const state = altered(
      created({ columns: [{ name: "a", type: INT, nullable: false }, ...COLUMNS] }),
      change(["a"], { kind: "nullable", nullable: true }),
      change(["a"], { kind: "comment", comment: "was NOT NULL" }),
      change(["a"], { kind: "position", position: { kind: "after", name: "place" } }),
      change(["place", "y"], { kind: "position", position: { kind: "first" } }),
    );
    expect(names(state)).toEqual(["id", "name", "place", "a", "points", "by"]);
    expect(fieldOf(state, "a")).toMatchObject({ nullable: true, metadata: { comment: "was NOT NULL" } });
    expect(fieldOf(state, "place").type).toMatchObject({ fields: [{ name: "y" }, { name: "x" }] });
  });

  test("a comment goes when it is no text", () => {
    const state = altered(
      created(),
      change(["id"], { kind: "comment", comment: "one each" }),
      change(["place", "x"], { kind: "comment", comment: "to the right" }),
    );
    expect(fieldOf(state, "id").metadata).toEqual({ comment: "one each" });
    expect(fieldOf(state, "place", "x").metadata).toEqual({ comment: "to the right" });
    const without = altered(state, change(["ID"], { kind: "comment", comment: undefined }));
    expect(fieldOf(without, "id").metadata).toEqual({});
  });

  test("NOT NULL is set once the rows were looked at, for whole columns", () => {
    const planned = plan(created(), change(["id"], { kind: "nullable", nullable: false }));
    expect(planned?.check).toEqual({ conditionSql: '"id" IS NOT NULL', rule: "NOT NULL of id" });
    expect(() => plan(created(), change(["place", "x"], { kind: "nullable", nullable: false }))).toThrow(
      expect.objectContaining({ code: "nested-not-null" }),
    );
  });

  test("a default needs its feature on a table that exists", () => {
    const setDefault = change(["id"], { kind: "default", expression: "40 + 2" });
    expect(() => plan(created(), setDefault)).toThrow(expect.objectContaining({ code: "feature-needed" }));
    const allowed = altered(created(), set({ "delta.feature.allowColumnDefaults": "supported" }), setDefault);
    expect(fieldOf(allowed, "id").metadata).toEqual({ CURRENT_DEFAULT: "40 + 2" });
    const dropped = altered(allowed, change(["id"], { kind: "default", expression: undefined }));
    expect(fieldOf(dropped, "id").metadata).toEqual({});
    expect(() => plan(allowed, change(["id"], { kind: "default", expression: "name" }))).toThrow(
      /default of id/,
    );
    expect(() => plan(allowed, change(["place", "x"], { kind: "default", expression: "1" }))).toThrow(
      /only columns have defaults/,
    );
  });
});

describe("rules and clustering", () => {
  test("a constraint is a condition over the columns, under a name of its own", () => {
    const state = created({ constraints: { Positive: "id > 0" } });
    expect(state.metadata.configuration).toEqual({ "delta.constraints.positive": "id > 0" });
    expect(state.protocol).toMatchObject({ minReaderVersion: 1, minWriterVersion: 3 });
    const addNamed = (name: string, expression: string): Alteration => ({
      kind: "add-constraint",
      name,
      expression,
    });
    expect(() => plan(state, addNamed("POSITIVE", "id > 1"))).toThrow(
      expect.objectContaining({ kind: "already-exists" }),
    );
    expect(() => plan(state, addNamed("c", "id + 1"))).toThrow(/not true or false/);
    expect(() => plan(state, addNamed("c", "nope > 1"))).toThrow(/constraint c/);
    expect(plan(state, addNamed("c", "id < 9"))?.check?.rule).toBe("the constraint c (id < 9)");
    expect(
      altered(state, { kind: "drop-constraint", name: "POSITIVE", ifExists: false }).metadata.configuration,
    ).toEqual({});
    expect(() => plan(state, { kind: "drop-constraint", name: "c", ifExists: false })).toThrow(
      expect.objectContaining({ kind: "not-found" }),
    );
    expect(plan(state, { kind: "drop-constraint", name: "c", ifExists: true })).toBeUndefined();
  });

  test("clustering is kept by physical names and told by the table's", () => {
    const state = created({ ...MAPPED, clusterBy: [["ID"], ["place", "x"]] });
    const [first, second] = [fieldOf(state, "place"), fieldOf(state, "place", "x")].map(
      ({ metadata }) => metadata["delta.columnMapping.physicalName"],
    );
    const domain = JSON.parse(state.domains.get("delta.clustering")?.configuration ?? "");
    expect(domain.domainName).toBe("delta.clustering");
    expect(domain.clusteringColumns[1]).toEqual([first, second]);
    const renamed = altered(state, rename(["place"], "where"));
    const planned = plan(renamed, { kind: "cluster-by", columns: [["name"]] });
    expect(planned).toMatchObject({
      metadata: undefined,
      protocol: undefined,
      operation: "CLUSTER BY",
      parameters: { oldClusteringColumns: "id,where.x", newClusteringColumns: "name" },
    });
  });

  test.each<[readonly FieldPath[], string]>([
    [[["place"]], "struct"],
    [[["points", "element", "x"]], "keeps no statistics of it"],
    [[["id"], ["ID"]], "once"],
    [[["id"], ["name"], ["place", "x"], ["place", "y"], ["id"]], "at most 4"],
    [[["nope"]], "no column nope"],
  ])("a table is not clustered by %j", (clusterBy, message) => {
    expect(() => created({ clusterBy })).toThrow(message);
  });

  test("only by columns that have statistics, and not beside partitions", () => {
    expect(() =>
      created({ clusterBy: [["id"]], properties: { "delta.dataSkippingStatsColumns": "name" } }),
    ).toThrow(/no statistics of it/);
    expect(() => created({ clusterBy: [["id"]], partitionBy: ["name"] })).toThrow(/partitioned/);
  });
});

describe("features are dropped", () => {
  const dropped = (state: State, feature: string): State => altered(state, { kind: "drop-feature", feature });

  test("with their property, back to the oldest protocol", () => {
    const state = created({
      properties: { "delta.enableChangeDataFeed": "true", "delta.enableInCommitTimestamps": "true" },
    });
    const left = dropped(dropped(state, "changedatafeed"), "inCommitTimestamp");
    expect(left.protocol).toMatchObject({
      minReaderVersion: 1,
      minWriterVersion: 2,
      writerFeatures: undefined,
    });
    expect(left.metadata.configuration).toEqual({});
  });

  test("clustering with its domain, which must go before the feature it needs", () => {
    const left = dropped(created({ clusterBy: [["id"]] }), "clustering");
    expect(left.domains.get("delta.clustering")?.removed).toBe(true);
    expect(left.protocol.writerFeatures).toEqual(["appendOnly", "domainMetadata", "invariants"]);
  });

  test("vacuumProtocolCheck leaves nothing in the log", () => {
    const state = created({ properties: { "delta.feature.vacuumProtocolCheck": "supported" } });
    expect(dropped(state, "vacuumProtocolCheck").protocol.minReaderVersion).toBe(1);
  });

  test.each([
    ["checkConstraints", { constraints: { c: "id > 0" } }, "feature-in-use"],
    [
      "identityColumns",
      {
        columns: [{ name: "id", type: LONG, identity: { start: 1n, step: 1n, allowExplicitInsert: false } }],
      },
      "feature-in-use",
    ],
    ["deletionVectors", { properties: { "delta.enableDeletionVectors": "true" } }, "drop-feature"],
    ["columnMapping", MAPPED, "drop-feature"],
    ["rowTracking", { properties: { "delta.enableRowTracking": "true" } }, "drop-feature"],
    ["domainMetadata", { clusterBy: [["id"]] }, "drop-feature"],
    ["appendOnly", {}, "drop-feature"],
    ["typeWidening", {}, "feature-not-found"],
  ] as const)("%s stays", (feature, definition, code) => {
    expect(() => dropped(created(definition), feature)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(feature) }),
    );
  });
});

describe("new tables", () => {
  test("without anything special have the oldest protocol", () => {
    const state = created({ comment: "of people", properties: { owner: "me" } });
    expect(state.protocol).toMatchObject({
      minReaderVersion: 1,
      minWriterVersion: 2,
      writerFeatures: undefined,
    });
    expect(state.metadata).toMatchObject({
      description: "of people",
      configuration: { owner: "me" },
      createdTime: 7n,
    });
  });

  test("with rules have them in the schema", () => {
    const state = created({
      columns: [
        { name: "id", type: LONG, identity: { start: 10n, step: 5n, allowExplicitInsert: true } },
        { name: "at", type: { type: "timestamp" }, nullable: false },
        { name: "day", type: { type: "date" }, generatedAs: "cast(at as date)", comment: "of at" },
        { name: "kind", type: STRING, default: "'x'" },
      ],
    });
    expect(fieldOf(state, "id").metadata).toEqual({
      "delta.identity.start": 10,
      "delta.identity.step": 5,
      "delta.identity.allowExplicitInsert": true,
    });
    expect(fieldOf(state, "day").metadata).toEqual({
      comment: "of at",
      "delta.generationExpression": "cast(at as date)",
    });
    expect(fieldOf(state, "kind").metadata).toEqual({ CURRENT_DEFAULT: "'x'" });
    expect(state.protocol.writerFeatures).toEqual(
      expect.arrayContaining(["allowColumnDefaults", "generatedColumns", "identityColumns"]),
    );
  });

  test("row tracking names its hidden columns", () => {
    const { configuration } = created({ properties: { "delta.enableRowTracking": "true" } }).metadata;
    expect(configuration["delta.rowTracking.materializedRowIdColumnName"]).toMatch(/^_row-id-col-/);
    expect(configuration["delta.rowTracking.materializedRowCommitVersionColumnName"]).toMatch(
      /^_row-commit-version-col-/,
    );
  });

  const identity = { start: 1n, step: 1n, allowExplicitInsert: false };
  test.each<[string, Partial<TableDefinition>]>([
    ["at least one column", { columns: [] }],
    ["differ in case only", { columns: [COLUMNS[0], { name: "ID", type: INT }] }],
    ["no such column", { partitionBy: ["nope"] }],
    ["its type is struct", { partitionBy: ["place"] }],
    ["each named once", { partitionBy: ["id", "ID"] }],
    ["some of its columns", { columns: [COLUMNS[0]], partitionBy: ["id"] }],
    ["variantType", { columns: [{ name: "v", type: { type: "variant" } }] }],
    ["must be BIGINT", { columns: [{ name: "k", type: INT, identity }] }],
    ["step is 0", { columns: [{ name: "k", type: LONG, identity: { ...identity, step: 0n } }] }],
    ["more than one", { columns: [{ name: "k", type: LONG, identity, default: "1" }] }],
    ["generated column g", { columns: [{ name: "g", type: INT, generatedAs: "nope + 1" }] }],
    [
      "gives long and the column is integer",
      { columns: [COLUMNS[0], { name: "g", type: INT, generatedAs: "id" }] },
    ],
    ["constraint c", { constraints: { c: "name" } }],
    [
      "it is an identity column",
      { columns: [{ name: "k", type: LONG, identity }, COLUMNS[0]], partitionBy: ["k"] },
    ],
    [
      "cannot have a column _Change_Type",
      {
        columns: [{ name: "_Change_Type", type: STRING }],
        properties: { "delta.enableChangeDataFeed": "true" },
      },
    ],
    [
      "both be true",
      { properties: { "delta.enableRowTracking": "true", "delta.rowTrackingSuspended": "true" } },
    ],
  ])("a table is refused: %s", (message, definition) => {
    expect(() => created(definition)).toThrow(message);
  });

  test("a change data feed keeps its names to itself, whichever comes first", () => {
    const feed = set({ "delta.enableChangeDataFeed": "true" });
    const column = add([["_commit_version"], LONG]);
    expect(() => altered(created(), feed, column)).toThrow(
      expect.objectContaining({ code: "reserved-column" }),
    );
    expect(() => altered(created(), column, feed)).toThrow(
      expect.objectContaining({ code: "reserved-column" }),
    );
    expect(names(altered(created(), column))).toContain("_commit_version");
  });

  test("a property that another writer set under a name of its own may go", () => {
    const state = created();
    const configuration = { "delta.bogus": "1", "delta.constraints.c": "id > 0" };
    const foreign = { ...state, metadata: { ...state.metadata, configuration } };
    const unset = (name: string): Alteration => ({ kind: "unset-properties", names: [name], ifExists: true });
    expect(altered(foreign, unset("delta.bogus")).metadata.configuration).toEqual({
      "delta.constraints.c": "id > 0",
    });
    expect(() => plan(foreign, unset("delta.constraints.c"))).toThrow(
      expect.objectContaining({ code: "unknown-property" }),
    );
  });

  test("turning row tracking on where rows are asks for their ids first", () => {
    expect(plan(created(), set({ "delta.enableRowTracking": "true" }))?.needsRowIds).toBe(true);
    const tracking = created({ properties: { "delta.enableRowTracking": "true" } });
    expect(plan(tracking, set({ owner: "me" }))?.needsRowIds).toBe(false);
  });

  test("in-commit timestamps leave no trace of their beginning once they are off", () => {
    const state = created({ properties: { "delta.enableInCommitTimestamps": "true" } });
    const configuration = {
      ...state.metadata.configuration,
      "delta.inCommitTimestampEnablementVersion": "3",
      "delta.inCommitTimestampEnablementTimestamp": "9",
    };
    const begun = { ...state, metadata: { ...state.metadata, configuration } };
    expect(altered(begun, set({ owner: "me" })).metadata.configuration).toMatchObject(configuration);
    expect(altered(begun, set({ "delta.enableInCommitTimestamps": "false" })).metadata.configuration).toEqual(
      {
        "delta.enableInCommitTimestamps": "false",
      },
    );
  });
});

test("paths are written as SQL reads them", () => {
  expect(pathText(["a", "b c", "d`e"])).toBe("a.`b c`.`d``e`");
});

test("schemas survive a change that changes nothing", () => {
  const state = created(MAPPED);
  const schema = parseSchema(state.metadata.schemaString);
  expect(serializeSchema(schema)).toBe(state.metadata.schemaString);
  expect(altered(state, set({ owner: "me" })).metadata.schemaString).toBe(state.metadata.schemaString);
});

describe("the comment of a table", () => {
  const comment = (text: string | undefined): Alteration => ({ kind: "set-table-comment", comment: text });

  test("is set and taken away, and the history has it as a property", () => {
    const planned = plan(created(), comment("what was sold"));
    expect(planned).toMatchObject({
      metadata: { description: "what was sold" },
      operation: "SET TBLPROPERTIES",
      parameters: { properties: '{"comment":"what was sold"}' },
    });
    const commented = altered(created(), comment("what was sold"));
    expect(plan(commented, comment("what was sold"))).toBeUndefined();
    expect(plan(commented, comment(undefined))).toMatchObject({
      operation: "UNSET TBLPROPERTIES",
      parameters: { properties: '["comment"]', ifExists: true },
    });
    expect(altered(commented, comment(undefined)).metadata.description).toBeUndefined();
  });

  test("is what the property of that name sets", () => {
    const commented = altered(created(), set({ comment: "what was sold", owner: "me" }));
    expect(commented.metadata).toMatchObject({
      description: "what was sold",
      configuration: { owner: "me" },
    });
    const without = altered(commented, {
      kind: "unset-properties",
      names: ["comment"],
      ifExists: false,
    });
    expect(without.metadata.description).toBeUndefined();
    expect(without.metadata.configuration).toEqual(commented.metadata.configuration);
    expect(() => plan(without, { kind: "unset-properties", names: ["comment"], ifExists: false })).toThrow(
      expect.objectContaining({ code: "property-not-found" }),
    );
  });
});
