import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../core/index.js";
import { columnFit } from "../../table-format/fsck/column-fit.js";
import { checkExpressions } from "../../table-format/fsck/expression-rules.js";
import { FINDING_KINDS } from "../../table-format/fsck/finding-kinds.js";
import { FindingLog } from "../../table-format/fsck/finding-log.js";
import { checkTableProtocol } from "../../table-format/fsck/protocol-rules.js";
import { checkSchema } from "../../table-format/fsck/schema-rules.js";
import { metadataDifference, protocolDifference } from "../../table-format/fsck/state-difference.js";
import type { Metadata, Protocol } from "../../table-format/index.js";
import {
  type DataType,
  newField,
  type StructField,
  type StructType,
  serializeSchema,
} from "../../table-format/index.js";
import { parseEngineType } from "../../table-format/schema/engine-type-text.js";
import { ROOT } from "../support/grizzly.js";

const LONG: DataType = { type: "long" };

function struct(...fields: readonly StructField[]): StructType {
  return { type: "struct", fields };
}

function metadata(schema: StructType, more: Partial<Metadata> = {}): Metadata {
  return {
    id: "id",
    name: undefined,
    description: undefined,
    provider: "parquet",
    formatOptions: {},
    schemaString: serializeSchema(schema),
    partitionColumns: [],
    configuration: {},
    createdTime: undefined,
    ...more,
  };
}

function protocol(
  reader: number,
  writer: number,
  readerFeatures?: string[],
  writerFeatures?: string[],
): Protocol {
  return { minReaderVersion: reader, minWriterVersion: writer, readerFeatures, writerFeatures };
}

function messages(log: FindingLog): string[] {
  return log.kept.map(({ message }) => message);
}

describe("columns of data files", () => {
  const isRead = (table: DataType, file: string): boolean =>
    columnFit(struct(newField("c", table)), "none", new Set(), [{ name: "c", type: parseEngineType(file) }])
      .misfits.length === 0;

  test.each<[DataType, string[], string[]]>([
    [{ type: "byte" }, ["TINYINT", "INTEGER"], ["BIGINT", "VARCHAR", "DOUBLE"]],
    [{ type: "long" }, ["BIGINT", "INTEGER", "SMALLINT"], ["HUGEINT", "DOUBLE", "DECIMAL(10,0)"]],
    [{ type: "double" }, ["DOUBLE", "FLOAT", "INTEGER"], ["BIGINT", "VARCHAR"]],
    [{ type: "float" }, ["FLOAT", "SMALLINT"], ["DOUBLE", "INTEGER"]],
    [
      { type: "decimal", precision: 12, scale: 2 },
      ["DECIMAL(12,2)", "DECIMAL(10,0)", "INTEGER"],
      ["DECIMAL(12,3)", "DECIMAL(13,2)", "DOUBLE"],
    ],
    [{ type: "string" }, ["VARCHAR", "BLOB"], ["INTEGER", "DATE"]],
    [{ type: "binary" }, ["BLOB", "VARCHAR"], ["INTEGER"]],
    [{ type: "date" }, ["DATE"], ["TIMESTAMP", "INTEGER"]],
    [{ type: "timestamp" }, ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS"], ["DATE", "BIGINT"]],
    [{ type: "timestamp_ntz" }, ["TIMESTAMP", "DATE"], ["BIGINT"]],
    [{ type: "boolean" }, ["BOOLEAN"], ["INTEGER"]],
    [
      { type: "array", elementType: LONG, containsNull: true },
      ["BIGINT[]", "INTEGER[]"],
      ["BIGINT", "VARCHAR[]"],
    ],
    [
      { type: "map", keyType: { type: "string" }, valueType: LONG, valueContainsNull: true },
      ["MAP(VARCHAR, BIGINT)"],
      ["MAP(VARCHAR, VARCHAR)", "STRUCT(a BIGINT)"],
    ],
    [
      struct(newField("x", LONG)),
      ["STRUCT(x BIGINT, y VARCHAR)", "STRUCT(z INTEGER)"],
      ["STRUCT(x VARCHAR)", "BIGINT"],
    ],
  ])("%j is read from %j and not from %j", (table, good, bad) => {
    expect(good.filter((file) => !isRead(table, file))).toEqual([]);
    expect(bad.filter((file) => isRead(table, file))).toEqual([]);
  });

  test("names go by the physical ones where columns are mapped, and files may keep dropped columns", () => {
    const field = {
      ...newField("c", LONG),
      nullable: false,
      metadata: { "delta.columnMapping.physicalName": "p" },
    };
    const file = [
      { name: "p", type: parseEngineType("VARCHAR") },
      { name: "old", type: parseEngineType("DATE") },
    ];
    expect(columnFit(struct(field), "name", new Set(), file)).toMatchObject({
      misfits: [{ column: "c" }],
      unknown: [],
      lacking: [],
    });
    expect(columnFit(struct(field), "name", new Set(), []).lacking).toEqual(["c"]);
    expect(columnFit(struct(field), "id", new Set(), []).lacking).toEqual([]);
  });

  test("case does not count, and columns of the table's own are known", () => {
    const file = ["C", "part", "extra"].map((name) => ({ name, type: parseEngineType("BIGINT") }));
    expect(columnFit(struct(newField("c", LONG)), "none", new Set(["part"]), file)).toEqual({
      misfits: [],
      unknown: ["extra"],
      lacking: [],
    });
  });
});

describe("schemas", () => {
  const mapped = (id: number, name: string): JsonObject => ({
    "delta.columnMapping.id": id,
    "delta.columnMapping.physicalName": name,
  });

  test("ids and physical names are checked at every depth", () => {
    const inner = struct(
      { ...newField("x", LONG), metadata: mapped(1, "px") },
      { ...newField("y", LONG), metadata: mapped(3, "px") },
    );
    const items: DataType = { type: "array", elementType: inner, containsNull: true };
    const schema = struct(
      { ...newField("a", LONG), metadata: mapped(1, "pa") },
      { ...newField("b", items), metadata: {} },
    );
    const findings = new FindingLog(10);
    const checked = checkSchema(
      metadata(schema, { configuration: { "delta.columnMapping.mode": "name" } }),
      {},
      findings,
    );
    expect(checked?.isMapped).toBe(false);
    expect(findings.kept.map(({ place, message }) => `${place.column}: ${message}`)).toEqual([
      "b: the column has no id",
      "b: the column has no physical name",
      "b.element.x: the column has id 1, as a has",
      "b.element.y: the column has the physical name px, as b.element.x has",
    ]);
  });

  test("a mode that there is not is a finding", () => {
    const findings = new FindingLog(10);
    const configuration = { "delta.columnMapping.mode": "colour" };
    expect(
      checkSchema(metadata(struct(newField("a", LONG)), { configuration }), {}, findings),
    ).toBeUndefined();
    expect([...findings.counts]).toEqual([["column-mapping", 1n]]);
  });

  test("a table without columns is none of its business", () => {
    const findings = new FindingLog(10);
    expect(checkSchema(metadata(struct()), {}, findings)?.partitions).toEqual([]);
    expect(messages(findings)).toEqual([]);
  });

  test("a partition column must be there, once, and of a type that partitions", () => {
    const schema = struct(newField("a", LONG), newField("s", struct(newField("x", LONG))));
    const findings = new FindingLog(10);
    checkSchema(metadata(schema, { partitionColumns: ["a", "a", "s", "z"] }), {}, findings);
    expect(messages(findings)).toEqual([
      "a partitions the table twice",
      "a column of type struct cannot partition a table",
      "the schema has no column z",
    ]);
  });
});

describe("protocols", () => {
  const found = (value: Protocol, more: Partial<Metadata> = {}): string[] => {
    const findings = new FindingLog(10);
    const state = {
      protocol: { value, place: {} },
      metadata: { value: metadata(struct(newField("a", LONG)), more), place: {} },
      domains: new Map(),
    };
    checkTableProtocol(state, findings);
    return messages(findings);
  };

  test("ordinary ones are sound", () => {
    expect(found(protocol(1, 2))).toEqual([]);
    expect(
      found(protocol(3, 7, ["deletionVectors"], ["deletionVectors", "rowTracking", "domainMetadata"])),
    ).toEqual([]);
  });

  test("each fault is told", () => {
    expect(
      found(
        protocol(3, 7, ["deletionVectors", "timeMachine"], ["deletionVectors", "timeMachine", "clustering"]),
      ),
    ).toEqual([
      "the table has the feature timeMachine, which this release does not know",
      "the table feature clustering needs domainMetadata, which the protocol does not have",
    ]);
    expect(found(protocol(1, 2), { configuration: { "delta.enableRowTracking": "true" } })).toEqual([
      "the metadata uses the table feature rowTracking, which the protocol does not have",
    ]);
  });
});

describe("expressions", () => {
  const check = (fields: readonly StructField[], configuration: Record<string, string> = {}) => {
    const findings = new FindingLog(10);
    const schema = struct(...fields);
    const conditions = checkExpressions(metadata(schema, { configuration }), schema, {}, findings);
    return {
      conditions,
      codes: findings.kept.map(({ code, place }) => `${code} ${place.column ?? ""}`.trim()),
    };
  };
  const withMetadata = (name: string, more: JsonObject): StructField => ({
    ...newField(name, LONG),
    metadata: more,
  });

  test("those that are understood become conditions of rows", () => {
    const { conditions, codes } = check(
      [
        withMetadata("a", { "delta.invariants": '{"expression":{"expression":"a > 0"}}' }),
        withMetadata("b", { "delta.generationExpression": "a + 1" }),
        withMetadata("c", { CURRENT_DEFAULT: "7" }),
      ],
      { "delta.constraints.big": "a < 100" },
    );
    expect(codes).toEqual([]);
    expect(conditions.map(({ what, column }) => [what, column])).toEqual([
      ["the constraint big (a < 100)", undefined],
      ["the invariant of a (a > 0)", "a"],
      ["the expression of the generated column b (a + 1)", "b"],
    ]);
  });

  test("those that make no sense are damage, those that are not known are not", () => {
    const { conditions, codes } = check([
      withMetadata("a", { "delta.invariants": "{" }),
      withMetadata("b", { "delta.generationExpression": "nothing + 1" }),
      withMetadata("c", { CURRENT_DEFAULT: "a" }),
    ]);
    expect(conditions).toEqual([]);
    expect(codes).toEqual(
      ["expression-invalid b", "expression-invalid c", "expression-unsupported a"].sort(),
    );
  });
});

describe("what two accounts differ in", () => {
  test("order does not count", () => {
    expect(
      protocolDifference(protocol(3, 7, ["a", "b"], ["b", "a"]), protocol(3, 7, ["b", "a"], ["a", "b"])),
    ).toBeUndefined();
    const one = metadata(struct(), {
      schemaString: '{"type":"struct","fields":[]}',
      configuration: { a: "1", b: "2" },
    });
    const other = {
      ...one,
      schemaString: '{"fields": [], "type": "struct"}',
      configuration: { b: "2", a: "1" },
    };
    expect(metadataDifference(one, other)).toBeUndefined();
  });

  test("what counts is named", () => {
    const one = metadata(struct(newField("a", LONG)));
    expect(metadataDifference(one, { ...one, id: "x", partitionColumns: ["a"] })).toBe(
      "the table's id, the partition columns",
    );
    expect(metadataDifference(one, { ...one, schemaString: "{" })).toBe("the schema");
    expect(protocolDifference(protocol(1, 2), protocol(1, 3))).toBe("the protocol");
  });
});

describe("findings", () => {
  test("every kind has a heading and a remedy of whole sentences", () => {
    for (const { title, remedy } of Object.values(FINDING_KINDS)) {
      expect(title).not.toMatch(/\.$/);
      expect(remedy).toMatch(/^[A-Z].*\.$/s);
    }
  });

  test("docs/fsck.md lists every kind", async () => {
    const page = await readFile(path.join(ROOT, "docs/fsck.md"), "utf8");
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (damage|unsupported|warning) \| (.+) \|$/gm)];
    const kinds = Object.entries(FINDING_KINDS);
    expect(rows.map(([, code, severity, title]) => [code, severity, title])).toEqual(
      kinds.map(([code, { severity, title }]) => [code, severity, title]),
    );
  });

  test("are counted beyond those that are kept, in the order of the kinds", () => {
    const findings = new FindingLog(1);
    findings.add("row-id", "one");
    findings.add("log-gap", "two");
    findings.add("row-id", "three");
    expect(messages(findings)).toEqual(["two", "one"]);
    expect(findings.counts.get("row-id")).toBe(2n);
  });
});
