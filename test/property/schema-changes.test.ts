import { expect, test } from "vitest";
import {
  type Alteration,
  checkNewSchema,
  type DataType,
  type FieldPath,
  type Metadata,
  type Protocol,
  parseSchema,
  planAlteration,
  planNewTable,
  type StructField,
  type StructType,
} from "../../table-format/index.js";
import { seededRandom } from "../concurrency/seeded-random.js";

// Random changes of the columns of a table with column mapping, against what must always hold: ids and
// physical names are unique and never given out again, and a column keeps its own whatever it is called.

const HISTORIES = 200;
const CHANGES = 25;

interface Column {
  readonly path: FieldPath;
  readonly field: StructField;
}

function columnsOf(struct: StructType, above: FieldPath = []): Column[] {
  return struct.fields.flatMap((field) => {
    const path = [...above, field.name];
    return [{ path, field }, ...inside(field.type, path)];
  });
}

function inside(type: DataType, path: FieldPath): Column[] {
  switch (type.type) {
    case "struct":
      return columnsOf(type, path);
    case "array":
      return inside(type.elementType, [...path, "element"]);
    case "map":
      return [...inside(type.keyType, [...path, "key"]), ...inside(type.valueType, [...path, "value"])];
    default:
      return [];
  }
}

function idOf({ field }: Column): number {
  return Number(field.metadata["delta.columnMapping.id"]);
}

function physicalNameOf({ field }: Column): string {
  return String(field.metadata["delta.columnMapping.physicalName"]);
}

/** A whole number of at least 0 and less than `limit`. */
type Draw = (limit: number) => number;

function randomType(draw: Draw, depth: number): DataType {
  const simple: DataType = { type: "integer" };
  const inner = (): DataType => (depth === 0 ? simple : randomType(draw, depth - 1));
  switch (depth === 0 ? 0 : draw(5)) {
    case 1:
      return { type: "array", elementType: inner(), containsNull: true };
    case 2:
      return { type: "map", keyType: { type: "string" }, valueType: inner(), valueContainsNull: true };
    case 3:
      return {
        type: "struct",
        fields: Array.from({ length: 1 + draw(2) }, (_, index) => ({
          name: `f${index}`,
          type: inner(),
          nullable: true,
          metadata: {},
        })),
      };
    default:
      return simple;
  }
}

function randomAlteration(draw: Draw, columns: readonly Column[], next: number): Alteration {
  const chosen = columns[draw(columns.length)];
  if (chosen === undefined) throw new Error("a table has columns");
  const structs = columns.filter(({ field }) => field.type.type === "struct").map(({ path }) => path);
  const parent = [[], ...structs][draw(structs.length + 1)] ?? [];
  switch (draw(4)) {
    case 0:
      return { kind: "rename-column", column: chosen.path, to: `n${next}` };
    case 1:
      return { kind: "drop-columns", columns: [chosen.path], ifExists: false };
    case 2:
      return {
        kind: "change-column",
        column: chosen.path,
        change: { kind: "position", position: { kind: "first" } },
      };
    default:
      return {
        kind: "add-columns",
        columns: [
          {
            path: [...parent, `a${next}`],
            type: randomType(draw, 2),
            ...(draw(2) === 0 ? { position: { kind: "first" } as const } : {}),
          },
        ],
      };
  }
}

function run(seed: number): void {
  const random = seededRandom(seed);
  const draw: Draw = (limit) => Math.floor(random() * limit);
  let made = 0;
  const newUuid = (): string => `${++made}`;
  const created = planNewTable(
    {
      columns: ["a", "b"].map((name) => ({ name, type: randomType(draw, 2) })),
      properties: { "delta.columnMapping.mode": "name" },
    },
    { now: 0, newUuid, isManaged: true },
  );
  let metadata: Metadata | undefined = created.metadata;
  const protocol: Protocol | undefined = created.protocol;
  const everGiven = new Map<number, string>();
  for (let step = 0; step < CHANGES; step++) {
    if (metadata === undefined || protocol === undefined) throw new Error("a table has metadata");
    const schema = parseSchema(metadata.schemaString);
    checkNewSchema(schema);
    const columns = columnsOf(schema);
    const greatest = Number(metadata.configuration["delta.columnMapping.maxColumnId"]);
    expect(new Set(columns.map(idOf)).size).toBe(columns.length);
    expect(new Set(columns.map(physicalNameOf)).size).toBe(columns.length);
    for (const column of columns) {
      expect(idOf(column)).toBeLessThanOrEqual(greatest);
      expect(everGiven.get(idOf(column)) ?? physicalNameOf(column)).toBe(physicalNameOf(column));
      everGiven.set(idOf(column), physicalNameOf(column));
    }
    const alteration = randomAlteration(draw, columns, step);
    const isLast =
      alteration.kind === "drop-columns" && siblingsOf(columns, alteration.columns[0] ?? []).length === 1;
    const state = { schema, metadata, protocol, domains: new Map() };
    if (isLast) {
      expect(() => planAlteration(state, alteration, newUuid)).toThrow(/only column/);
      continue;
    }
    metadata = planAlteration(state, alteration, newUuid)?.metadata;
  }
}

function siblingsOf(columns: readonly Column[], path: FieldPath): readonly Column[] {
  const parent = path.slice(0, -1).join("\0");
  return columns.filter(
    (column) => column.path.length === path.length && column.path.slice(0, -1).join("\0") === parent,
  );
}

test(`${HISTORIES} random histories of columns keep ids and physical names apart`, () => {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    try {
      run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
