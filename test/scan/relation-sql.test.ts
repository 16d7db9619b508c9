import { describe, expect, test } from "vitest";
import type { FileShape } from "../../src/scan/file-shape.js";
import { assignGroups, type ShapedFile } from "../../src/scan/group-assignment.js";
import { type RelationColumns, relationSql } from "../../src/scan/relation-sql.js";
import type { Metadata, StructType } from "../../table-format/index.js";

const SCHEMA: StructType = {
  type: "struct",
  fields: [
    {
      name: "key",
      type: { type: "long" },
      nullable: true,
      metadata: { "delta.columnMapping.physicalName": "c-1" },
    },
    {
      name: "day",
      type: { type: "date" },
      nullable: true,
      metadata: { "delta.columnMapping.physicalName": "c-2" },
    },
  ],
};
const METADATA: Metadata = {
  id: "0f3c",
  name: undefined,
  description: undefined,
  provider: "parquet",
  formatOptions: {},
  schemaString: "",
  partitionColumns: ["day"],
  configuration: { "delta.columnMapping.mode": "name" },
  createdTime: undefined,
};
const COLUMNS: RelationColumns = { schema: SCHEMA, metadata: METADATA, used: "all", withMetadata: false };
const shape = (type: string, name = "c-1"): FileShape => ({
  fields: [{ name, id: undefined, type: { kind: "scalar", text: type } }],
});
const NO_PARTITION = new Map([["day", { kind: "unused" }]] as const);

describe("the SQL of a relation", () => {
  test("gives columns their names, and casts where a file is narrower, one reader a group", () => {
    const groups = [
      { index: 0, list: "['a']", shape: shape("BIGINT") },
      { index: 1, list: "['b', 'c']", shape: shape("INTEGER") },
    ];
    expect(relationSql({ groups, table: "f", partitions: NO_PARTITION }, COLUMNS).split("\n")).toEqual([
      `SELECT r."c-1" AS "key", NULL::DATE AS "day" FROM read_parquet(['a'], hive_partitioning = false) AS r `,
      `UNION ALL SELECT CAST(r."c-1" AS BIGINT) AS "key", NULL::DATE AS "day" FROM read_parquet(['b', 'c'], hive_partitioning = false) AS r `,
    ]);
  });

  test("joins what differs by file, and leaves deleted rows out by one key", () => {
    const groups = [
      { index: 2, list: "['a', 'b']", shape: shape("BIGINT"), deleted: { table: "d", first: 5, files: 2 } },
    ];
    const partitions = new Map([["day", { kind: "per-file", key: "c-2" }]] as const);
    const sql = relationSql({ groups, table: "f2", partitions }, COLUMNS);
    expect(sql).toContain("f.partition_values['c-2']");
    expect(sql).toContain("JOIN (FROM f2 WHERE group_index = 2) AS f ON r.file_index = f.file_index");
    expect(sql).toContain("ANTI JOIN (SELECT ((file_index - 5)::BIGINT << 40) | row_index");
    expect(sql).toContain("FROM d WHERE file_index BETWEEN 5 AND 6");
  });

  test("maps columns only when one of the file's hides one of the engine's that is needed", () => {
    const odd: FileShape = { fields: [...shape("BIGINT").fields, ...shape("VARCHAR", "FILE_INDEX").fields] };
    const group = { index: 0, list: "['a']", shape: odd };
    const plain = relationSql({ groups: [group], table: "f", partitions: NO_PARTITION }, COLUMNS);
    expect(plain).not.toContain("schema = MAP");
    const deleted = { table: "d", first: 0, files: 1 };
    const mapped = relationSql(
      { groups: [{ ...group, deleted }], table: "f", partitions: NO_PARTITION },
      COLUMNS,
    );
    expect(mapped).toContain(`schema = MAP {'c-1': {name: 'c0', type: 'BIGINT', default_value: NULL}`);
    expect(mapped).toContain(`r.c0 AS "key"`);
  });

  test("refuses a type that is none of the table's, unless the column is not used", () => {
    const kept = {
      groups: [{ index: 0, list: "['a']", shape: shape("VARCHAR") }],
      table: "f",
      partitions: NO_PARTITION,
    };
    expect(() => relationSql(kept, COLUMNS)).toThrow(/column "key" is VARCHAR in a data file/);
    expect(relationSql(kept, { ...COLUMNS, used: new Set(["day"]) })).toContain(`NULL::BIGINT AS "key"`);
  });

  test("tells the engine that numbers with a point may be NaN, which statistics pass over", () => {
    const sqlOf = (type: string): string =>
      relationSql(
        { groups: [{ index: 0, list: "['a']", shape: shape(type) }], table: "f", partitions: NO_PARTITION },
        {
          ...COLUMNS,
          used: new Set(),
        },
      );
    expect(sqlOf("DOUBLE")).toContain("can_have_nan = true");
    expect(sqlOf("STRUCT(a FLOAT)[]")).toContain("can_have_nan = true");
    expect(sqlOf("BIGINT")).not.toContain("can_have_nan");
  });

  test("of no file is empty", () => {
    expect(relationSql({ groups: [], table: "f", partitions: NO_PARTITION }, COLUMNS)).toBe(
      `SELECT NULL::BIGINT AS "key", NULL::DATE AS "day" WHERE false`,
    );
  });
});

test("the SQL of a relation looks at a bit where the rows of one file have a mask", () => {
  const mask = "getvariable('t_masks')[1]";
  const deleted = { table: "d", first: 0, files: 1, maskRows: 10n, mask };
  const groups = [{ index: 1, list: "['a']", shape: shape("BIGINT"), deleted }];
  expect(relationSql({ groups, table: "f", partitions: NO_PARTITION }, COLUMNS)).toMatch(
    /AS r WHERE get_bit\(getvariable\('t_masks'\)\[1\], r\.file_row_number::INTEGER\) = 0$/,
  );
});

describe("the groups of files", () => {
  const keys = ({ fields }: FileShape): string => JSON.stringify(fields);
  const declared = shape("BIGINT");
  const file = (type: string, deleted?: bigint): ShapedFile => ({
    shape: shape(type),
    vector:
      deleted === undefined
        ? undefined
        : {
            file: `${type} ${deleted}`,
            numRecords: undefined,
            descriptor: { storageType: "i", pathOrInlineDv: "", sizeInBytes: 0, cardinality: deleted },
          },
  });

  test("are one for each shape, the declared one first", () => {
    const files = [file("INTEGER"), file("BIGINT"), file("INTEGER")];
    expect(assignGroups(files, declared, keys)).toEqual({
      groups: [{ shape: declared }, { shape: shape("INTEGER") }],
      groupOf: [1, 0, 1],
      vectors: [],
    });
  });

  test("keep files with few deleted rows together, apart from those without", () => {
    const { groups, groupOf, vectors } = assignGroups(
      [file("BIGINT", 1n), file("INTEGER", 2n), file("BIGINT"), file("BIGINT", 3n)],
      declared,
      keys,
    );
    expect(groupOf).toEqual([1, 2, 0, 1]);
    expect(groups.map(({ deleted }) => deleted)).toEqual([
      undefined,
      { first: 0, files: 2 },
      { first: 2, files: 1 },
    ]);
    expect(vectors.map((vector) => vector.file)).toEqual(["BIGINT 1", "BIGINT 3", "INTEGER 2"]);
  });

  test("have a mask when they are one file whose rows are known and not too many", () => {
    const vector = (deleted: bigint, numRecords: bigint | undefined): ShapedFile => {
      const one = file("BIGINT", deleted);
      return { ...one, vector: one.vector && { ...one.vector, numRecords } };
    };
    const rowsOf = (one: ShapedFile): bigint | undefined =>
      assignGroups([one], declared, keys).groups[1]?.deleted?.maskRows;
    expect(rowsOf(vector(5n, 1_000n))).toBe(1_000n);
    expect(rowsOf(vector(5n, 524_289n))).toBeUndefined();
    expect(rowsOf(vector(5n, undefined))).toBeUndefined();
    expect(rowsOf(vector(0n, 1_000n))).toBeUndefined();
  });

  test("part files with many deleted rows, neighbours together, and never into more than 24", () => {
    const many = (count: number, deleted: bigint): ShapedFile[] =>
      Array.from({ length: count }, () => file("BIGINT", deleted));
    const groupsOf = (files: readonly ShapedFile[]): readonly number[] =>
      assignGroups(files, declared, keys).groupOf;
    expect(groupsOf(many(4, 1_500n))).toEqual([1, 1, 2, 3]);
    expect(new Set(groupsOf(many(1_000, 1_000_000n))).size).toBe(24);
    expect(groupsOf(many(2, 1_000_000n))).toEqual([1, 2]);
    const { groups, vectors } = assignGroups(many(100, 2_048n), declared, keys);
    const ranges = groups.flatMap(({ deleted }) => (deleted === undefined ? [] : [deleted]));
    expect(ranges.reduce((next, { first, files }) => (first === next ? next + files : -1), 0)).toBe(
      vectors.length,
    );
  });
});
