import { describe, expect, it } from "vitest";
import { isLakeError } from "../../core/index.js";
import {
  checkNewSchema,
  columnMappingMode,
  deltaTypeOfEngine,
  engineType,
  findField,
  namesSparkRefuses,
  newField,
  parseSchema,
  physicalName,
  type StructType,
  serializeSchema,
  typeText,
} from "../../table-format/schema/index.js";
import { fileSchemaDigest } from "../../table-format/snapshot/file-schema.js";

const struct = (...fields: StructType["fields"]): StructType => ({ type: "struct", fields });

function errorOf(work: () => unknown): { kind: string; message: string } {
  try {
    work();
  } catch (error) {
    if (isLakeError(error)) return { kind: error.kind, message: error.message };
    throw error;
  }
  throw new Error("nothing was thrown");
}

// PROTOCOL.md, "Schema Serialization Format", "Example", with types and metadata added.
const SCHEMA_STRING =
  '{"type":"struct","fields":[' +
  '{"name":"a","type":"integer","nullable":false,"metadata":{"delta.identity.highWaterMark":9223372036854775807,"comment":"é"}},' +
  '{"name":"b","type":{"type":"struct","fields":[{"name":"d","type":"integer","nullable":false,"metadata":{}}]},"nullable":true,"metadata":{}},' +
  '{"name":"c","type":{"type":"array","elementType":"integer","containsNull":false},"nullable":true,"metadata":{}},' +
  '{"name":"e","type":{"type":"array","elementType":{"type":"struct","fields":[{"name":"d","type":"decimal(38,18)","nullable":false,"metadata":{}}]},"containsNull":true},"nullable":true,"metadata":{}},' +
  '{"name":"f","type":{"type":"map","keyType":"string","valueType":"timestamp_ntz","valueContainsNull":true},"nullable":true,"metadata":{}}]}';

describe("parseSchema and serializeSchema", () => {
  it("give back the same text, metadata included", () => {
    expect(serializeSchema(parseSchema(SCHEMA_STRING))).toBe(SCHEMA_STRING);
  });

  it("reads the types", () => {
    expect(typeText(parseSchema(SCHEMA_STRING))).toBe(
      "struct<a: integer, b: struct<d: integer>, c: array<integer>, e: array<struct<d: decimal(38,18)>>, f: map<string, timestamp_ntz>>",
    );
  });

  it("names the field that is broken", () => {
    const broken = SCHEMA_STRING.replace('"decimal(38,18)","nullable":false', '"decimal(38,18)"');
    expect(errorOf(() => parseSchema(broken))).toEqual({
      kind: "corrupt",
      message: `column "e.element.d" of the table's schema has no true or false for "nullable"`,
    });
    expect(errorOf(() => parseSchema("{")).kind).toBe("corrupt");
    expect(errorOf(() => parseSchema('"string"')).kind).toBe("corrupt");
    expect(errorOf(() => parseSchema('{"type":"struct"}')).kind).toBe("corrupt");
    expect(errorOf(() => parseSchema(SCHEMA_STRING.replace("decimal(38,18)", "decimal(39,1)"))).kind).toBe(
      "corrupt",
    );
  });

  it.each([
    ["void", "void"],
    ["null", "void"],
    ["variant", "variant"],
    ["char(10)", "string"],
    ["varchar( 3 )", "string"],
  ])("reads the type %s as %s", (type, expected) => {
    const schema = parseSchema(SCHEMA_STRING.replace('"decimal(38,18)"', JSON.stringify(type)));
    expect(typeText(schema)).toContain(`e: array<struct<d: ${expected}>>`);
  });

  it.each(["interval day", "interval year to month", "geometry(4326)", "nonsense", "char"])(
    "refuses the type %s by name",
    (type) => {
      const error = errorOf(() => parseSchema(SCHEMA_STRING.replace("decimal(38,18)", type)));
      expect(error.kind).toBe("unsupported");
      expect(error.message).toContain(`"e.element.d"`);
      expect(error.message).toContain(`"${type}"`);
    },
  );
});

describe("fileSchemaDigest", () => {
  const fields = (name: string, physical: string, type: string, id = 1): StructType =>
    parseSchema(
      JSON.stringify({
        type: "struct",
        fields: [
          {
            name,
            type,
            nullable: true,
            metadata: { "delta.columnMapping.id": id, "delta.columnMapping.physicalName": physical },
          },
          { name: "p", type: "string", nullable: true, metadata: {} },
        ],
      }),
    );
  const byName = { "delta.columnMapping.mode": "name" };
  const byId = { "delta.columnMapping.mode": "id" };

  it("tells what a data file holds: names, types, and nothing of partition columns", () => {
    const digest = fileSchemaDigest(fields("a", "c-1", "long"), ["p"]);
    expect(digest).toBe(fileSchemaDigest(fields("a", "c-2", "long"), ["p"], {}));
    expect(digest).not.toBe(fileSchemaDigest(fields("a", "c-1", "integer"), ["p"]));
    expect(digest).not.toBe(fileSchemaDigest(fields("b", "c-1", "long"), ["p"]));
    expect(digest).not.toBe(fileSchemaDigest(fields("a", "c-1", "long"), []));
  });

  it("of mapped columns stays when one is renamed, and changes with what files have", () => {
    const digest = fileSchemaDigest(fields("a", "c-1", "long"), ["p"], byName);
    expect(fileSchemaDigest(fields("b", "c-1", "long"), ["p"], byName)).toBe(digest);
    expect(fileSchemaDigest(fields("a", "c-2", "long"), ["p"], byName)).not.toBe(digest);
    expect(fileSchemaDigest(fields("a", "c-1", "long"), ["p"])).not.toBe(digest);
    const withId = fileSchemaDigest(fields("a", "c-1", "long"), ["p"], byId);
    expect(withId).not.toBe(digest);
    expect(fileSchemaDigest(fields("a", "c-1", "long", 2), ["p"], byId)).not.toBe(withId);
  });
});

describe("deltaTypeOfEngine", () => {
  it.each([
    ["TINYINT", "byte", undefined],
    ["SMALLINT", "short", undefined],
    ["INTEGER", "integer", undefined],
    ["BIGINT", "long", undefined],
    ["UTINYINT", "short", "SMALLINT"],
    ["USMALLINT", "integer", "INTEGER"],
    ["UINTEGER", "long", "BIGINT"],
    ["UBIGINT", "decimal(20,0)", "DECIMAL(20,0)"],
    ["HUGEINT", "decimal(38,0)", "DECIMAL(38,0)"],
    ["BIGNUM", "decimal(38,0)", "DECIMAL(38,0)"],
    ["FLOAT", "float", undefined],
    ["DECIMAL(18,2)", "decimal(18,2)", undefined],
    ["UUID", "string", "VARCHAR"],
    ["JSON", "string", "VARCHAR"],
    ["TIME WITH TIME ZONE", "string", "VARCHAR"],
    ["ENUM('a', 'it''s, (b)')", "string", "VARCHAR"],
    ['"NULL"', "string", "VARCHAR"],
    ["TIMESTAMP", "timestamp_ntz", undefined],
    ["TIMESTAMP_NS", "timestamp_ntz", "TIMESTAMP"],
    ["TIMESTAMP WITH TIME ZONE", "timestamp", undefined],
    ["timestamptz", "timestamp", undefined],
    ["INTEGER[][3]", "array<array<integer>>", "INTEGER[][]"],
    ["MAP(VARCHAR, DECIMAL(4,1)[])", "map<string, array<decimal(4,1)>>", undefined],
    [
      'STRUCT(a INTEGER, "b ""c"", d" STRUCT("é" UTINYINT)[], "select" TIMESTAMP WITH TIME ZONE)',
      'struct<a: integer, b "c", d: array<struct<é: short>>, select: timestamp>',
      'STRUCT("a" INTEGER, "b ""c"", d" STRUCT("é" SMALLINT)[], "select" TIMESTAMP WITH TIME ZONE)',
    ],
    [
      'UNION(k INTEGER, "l m" VARCHAR)',
      "struct<k: integer, l m: string>",
      'STRUCT("k" INTEGER, "l m" VARCHAR)',
    ],
  ])("%s is %s", (text, delta, castTo) => {
    const found = deltaTypeOfEngine(text);
    expect(typeText(found.type)).toBe(delta);
    expect(found.castTo).toBe(castTo);
  });

  it("says what a cast would lose", () => {
    expect(deltaTypeOfEngine("STRUCT(a TIMESTAMP_NS)[]").note).toContain("nanoseconds");
    expect(deltaTypeOfEngine("TIMESTAMP").note).toBeUndefined();
  });

  it.each([
    "",
    "STRUCT(",
    "STRUCT()",
    "STRUCT(INTEGER, INTEGER)",
    "INTEGER[",
    "MAP(INTEGER)",
    "GEOMETRY",
    "1",
    "INTEGER x",
    "ENUM('a",
  ])("refuses %s", (text) => expect(errorOf(() => deltaTypeOfEngine(text)).kind).toBe("unsupported"));

  it("is undone by engineType", () => {
    const schema = parseSchema(SCHEMA_STRING);
    expect(typeText(deltaTypeOfEngine(engineType(schema)).type)).toBe(typeText(schema));
  });
});

describe("fields", () => {
  it("are found whatever their case, the exact name first", () => {
    const table = struct(newField("ID", { type: "long" }), newField("é", { type: "string" }));
    expect(findField(table, "id")?.name).toBe("ID");
    expect(findField(table, "É")?.name).toBe("é");
    expect(findField(table, "x")).toBeUndefined();
  });

  it("have physical names with column mapping only", () => {
    const field = {
      ...newField("a", { type: "long" }),
      metadata: { "delta.columnMapping.physicalName": "col-1" },
    };
    expect(physicalName(field, "none")).toBe("a");
    expect(physicalName(field, "name")).toBe("col-1");
    expect(errorOf(() => physicalName(newField("a", { type: "long" }), "id")).kind).toBe("corrupt");
    expect(columnMappingMode({ "delta.columnMapping.mode": "id" })).toBe("id");
    expect(columnMappingMode({})).toBe("none");
  });
});

describe("checkNewSchema", () => {
  const long = { type: "long" } as const;

  it("takes awkward names and tells which of them Spark would not", () => {
    const schema = struct(
      newField("a b", long),
      newField("c.d", long),
      newField('"e"', long),
      newField("é", struct(newField("x=y", long))),
    );
    expect(() => checkNewSchema(schema)).not.toThrow();
    expect(namesSparkRefuses(schema)).toEqual(["a b", "é.x=y"]);
  });

  it.each([
    ["no columns", struct()],
    ["an empty name", struct(newField("", long))],
    ["two names in one", struct(newField("a", long), newField("A", long))],
    [
      "two names in one inside a list",
      struct(
        newField("l", {
          type: "array",
          containsNull: true,
          elementType: struct(newField("a", long), newField("A", long)),
        }),
      ),
    ],
    [
      "an empty struct in a map",
      struct(newField("m", { type: "map", keyType: long, valueType: struct(), valueContainsNull: true })),
    ],
  ])("refuses %s", (_, schema) => expect(errorOf(() => checkNewSchema(schema)).kind).toBe("invalid-input"));
});
