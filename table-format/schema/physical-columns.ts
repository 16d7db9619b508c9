import { LakeError } from "../../core/index.js";
import { quoteIdentifier, quoteString } from "../../engine/index.js";
import { type ColumnMappingMode, physicalName } from "./fields.js";
import type { DataType, StructField } from "./types.js";

/**
 * SQL that turns a value whose structs have the names of the schema into one whose structs have the names
 * of data files, at every depth (PROTOCOL.md, "Writer Requirements for Column Mapping"), without what files do
 * not hold. It is `sql` itself where nothing differs.
 */
export function physicalValueSql(sql: string, type: DataType, mode: ColumnMappingMode, depth = 0): string {
  switch (type.type) {
    case "struct": {
      const stored = storedFields(type.fields);
      const members = stored.map((field) => {
        const value = `struct_extract(${sql}, ${quoteString(field.name)})`;
        const renamed = physicalValueSql(value, field.type, mode, depth);
        const name = physicalName(field, mode);
        return {
          unchanged: renamed === value && name === field.name,
          text: `${quoteIdentifier(name)} := ${renamed}`,
        };
      });
      if (stored.length === type.fields.length && members.every(({ unchanged }) => unchanged)) return sql;
      return `CASE WHEN ${sql} IS NOT NULL THEN struct_pack(${members.map(({ text }) => text).join(", ")}) END`;
    }
    case "array": {
      const element = `p${depth}`;
      const renamed = physicalValueSql(element, type.elementType, mode, depth + 1);
      return renamed === element ? sql : `list_transform(${sql}, lambda ${element}: ${renamed})`;
    }
    case "map": {
      const entry = `p${depth}`;
      const [key, value] = [`${entry}.key`, `${entry}.value`];
      const newKey = physicalValueSql(key, type.keyType, mode, depth + 1);
      const newValue = physicalValueSql(value, type.valueType, mode, depth + 1);
      if (newKey === key && newValue === value) return sql;
      const pair = `struct_pack(k := ${newKey}, v := ${newValue})`;
      return `CASE WHEN ${sql} IS NOT NULL THEN map_from_entries(list_transform(map_entries(${sql}), lambda ${entry}: ${pair})) END`;
    }
    default:
      return sql;
  }
}

/** The fields that data files hold: all but those of type `void`, which hold nothing but NULL. */
export function storedFields(fields: readonly StructField[]): readonly StructField[] {
  return fields.filter((field) => field.type.type !== "void");
}

/** The Parquet field id of a column, and those of its members by their names in data files. */
export interface ColumnId {
  readonly id?: number;
  readonly members?: ReadonlyMap<string, ColumnId>;
}

/**
 * The field ids that data files carry where columns are mapped, by name or by id; `undefined` without a
 * mapping (PROTOCOL.md, "Writer Requirements for Column Mapping").
 *
 * @throws LakeError `corrupt` for a field without an id.
 */
export function columnIds(
  fields: readonly StructField[],
  mode: ColumnMappingMode,
): ReadonlyMap<string, ColumnId> | undefined {
  if (mode === "none") return undefined;
  return new Map(storedFields(fields).map((field) => [physicalName(field, mode), columnId(field, mode)]));
}

function columnId(field: StructField, mode: ColumnMappingMode): ColumnId {
  const id = field.metadata["delta.columnMapping.id"];
  if (typeof id !== "number" && typeof id !== "bigint") {
    throw new LakeError("corrupt", "schema", `column "${field.name}" has no id, which column mapping needs`, {
      context: { column: field.name },
    });
  }
  const members = memberIds(field.type, mode);
  return members.size === 0 ? { id: Number(id) } : { id: Number(id), members };
}

function memberIds(type: DataType, mode: ColumnMappingMode): ReadonlyMap<string, ColumnId> {
  const inner = (name: string, of: DataType): [string, ColumnId][] => {
    const members = memberIds(of, mode);
    return members.size === 0 ? [] : [[name, { members }]];
  };
  switch (type.type) {
    case "struct":
      return columnIds(type.fields, mode) ?? new Map();
    case "array":
      return new Map(inner("element", type.elementType));
    case "map":
      return new Map([...inner("key", type.keyType), ...inner("value", type.valueType)]);
    default:
      return new Map();
  }
}
