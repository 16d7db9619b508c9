import { type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import { quoteIdentifier } from "./sql-text.js";

/** A type as SQL writes it. A named type (JSON, an enum made by CREATE TYPE) goes by its name. */
export function typeText(type: DuckDBType): string {
  if (type.alias) return type.alias;
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
      return `${typeText(type.valueType)}[]`;
    case DuckDBTypeId.ARRAY:
      return `${typeText(type.valueType)}[${type.length}]`;
    case DuckDBTypeId.MAP:
      return `MAP(${typeText(type.keyType)}, ${typeText(type.valueType)})`;
    case DuckDBTypeId.STRUCT:
      return `STRUCT(${members(type.entryNames, type.entryTypes)})`;
    case DuckDBTypeId.UNION:
      return `UNION(${members(type.memberTags, type.memberTypes)})`;
    default:
      return String(type);
  }
}

function members(names: readonly string[], types: readonly DuckDBType[]): string {
  return types.map((type, index) => `${quoteIdentifier(names[index] ?? "")} ${typeText(type)}`).join(", ");
}
