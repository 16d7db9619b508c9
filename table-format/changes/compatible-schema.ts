import { LakeError } from "../../core/index.js";
import type { Metadata } from "../log/actions.js";
import {
  type ColumnMappingMode,
  columnMappingMode,
  type DataType,
  findField,
  foldCase,
  parseSchema,
  physicalName,
  type StructField,
  type StructType,
  typeText,
} from "../schema/index.js";
import { canWiden } from "../schema-change/type-widening.js";

/**
 * Checks that rows which were written under older metadata can be read as rows of a newer schema without
 * loss. Columns that were added since are NULL in them, and widened types hold their values; a column that
 * was dropped, renamed or replaced would be lost or take another one's place, and with other partition
 * columns values would be looked for where they are not. delta-spark refuses the same, and widening too
 * (`CDCReader.changesToDF`, read compatibility).
 *
 * @param where the table, for messages
 * @param version of the older metadata
 * @param end of the newer one
 * @throws LakeError `unsupported` `change-feed-schema` naming the column and the version.
 */
export function checkReadableAs(
  newer: Metadata,
  older: Metadata,
  { where, version, end }: { readonly where: string; readonly version: bigint; readonly end: bigint },
): void {
  // Most commits with metadata set a property.
  const columns = ({ schemaString, partitionColumns }: Metadata): string =>
    `${schemaString}${partitionColumns}`;
  if (columns(newer) === columns(older)) return;
  const [source, target] = [described(older), described(newer)];
  const problem =
    structProblem(source.schema, target.schema, { source, target }, "") ?? partitions(source, target);
  if (problem === undefined) return;
  throw new LakeError(
    "unsupported",
    "change-feed-schema",
    `${where}: the changes of version ${version} cannot be read with the columns of version ${end}: ${problem}`,
    {
      context: { version, end },
      hint: "Ask for the changes before and after the column changed in two queries.",
    },
  );
}

interface Described {
  readonly schema: StructType;
  readonly mode: ColumnMappingMode;
  readonly partitionColumns: readonly string[];
}

interface Both {
  readonly source: Described;
  readonly target: Described;
}

function described({ schemaString, configuration, partitionColumns }: Metadata): Described {
  return { schema: parseSchema(schemaString), mode: columnMappingMode(configuration), partitionColumns };
}

function structProblem(source: StructType, target: StructType, both: Both, path: string): string | undefined {
  const stored = (field: StructField): string => physicalName(field, both.source.mode);
  for (const field of source.fields) {
    const name = path === "" ? field.name : `${path}.${field.name}`;
    const same = findField(target, field.name);
    const renamed = target.fields.find((other) => physicalName(other, both.target.mode) === stored(field));
    if (same === undefined) {
      return renamed === undefined
        ? `column "${name}" was dropped since`
        : `column "${name}" is called "${renamed.name}" since`;
    }
    if (same !== renamed && foldCase(physicalName(same, both.target.mode)) !== foldCase(stored(field)))
      return `column "${name}" is another one since`;
    const problem = typeProblem(field.type, same.type, both, name);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function typeProblem(source: DataType, target: DataType, both: Both, path: string): string | undefined {
  if (source.type === "struct" && target.type === "struct") return structProblem(source, target, both, path);
  if (source.type === "array" && target.type === "array")
    return typeProblem(source.elementType, target.elementType, both, `${path}.element`);
  if (source.type === "map" && target.type === "map") {
    return (
      typeProblem(source.keyType, target.keyType, both, `${path}.key`) ??
      typeProblem(source.valueType, target.valueType, both, `${path}.value`)
    );
  }
  const [from, to] = [typeText(source), typeText(target)];
  // A column of type void holds nothing that could be lost.
  if (from === to || source.type === "void" || canWiden(source, target)) return undefined;
  return `column "${path}" was ${from} and is ${to} since`;
}

function partitions(source: Described, target: Described): string | undefined {
  const text = ({ partitionColumns }: Described): string => partitionColumns.map(foldCase).sort().join(", ");
  const [was, is] = [text(source), text(target)];
  return was === is ? undefined : `it was partitioned by (${was}) and is by (${is}) since`;
}
