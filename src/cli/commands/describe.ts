import type { TableDetail } from "../../index.js";
import type { Invocation } from "../invocation.js";
import { renderTable, type TableLook } from "../rows/index.js";
import { bytesText, countText, plural } from "../terminal/amounts.js";
import { escapeControls } from "../terminal/text.js";

/** Shows a table's newest version: size, schema, properties. */
export async function describe(invocation: Invocation, name: string): Promise<void> {
  const detail = await invocation.withLake(async (lake) => (await lake.table(name)).describe());
  await invocation.result(detail, () => describeText(detail, invocation.look));
}

const SCHEMA_COLUMNS = [
  { name: "column", type: "VARCHAR" },
  { name: "type", type: "VARCHAR" },
  { name: "nullable", type: "VARCHAR" },
];

/** A table's detail as a person reads it. */
export function describeText(detail: TableDetail, look: TableLook): string {
  const { numRows, partitionColumns, features } = detail;
  const average =
    detail.numFiles < 2 ? "" : `, ${bytesText(Number(detail.sizeInBytes) / detail.numFiles)} each`;
  const facts: (readonly [string, string])[] = [
    ...(detail.description === undefined ? [] : [["comment", detail.description] as const]),
    ["location", detail.location],
    ["rows", numRows === undefined ? "unknown (files without statistics)" : countText(numRows)],
    ["size", `${bytesText(detail.sizeInBytes)} in ${plural(detail.numFiles, "file")}${average}`],
    ["partitioned by", partitionColumns.length === 0 ? "nothing" : partitionColumns.join(", ")],
    ["created", detail.createdTime ?? "unknown"],
    ["changed", detail.lastModified],
    ["protocol", `reader ${detail.minReaderVersion}, writer ${detail.minWriterVersion}`],
    ...(features.length === 0 ? [] : [["features", features.join(", ")] as const]),
    ...Object.entries(detail.properties).map(([key, value]) => ["property", `${key} = ${value}`] as const),
  ];
  const labelWidth = Math.max(...facts.map(([label]) => label.length));
  const lines = facts.map(
    ([label, value]) => `  ${look.style.dim(label.padEnd(labelWidth))}  ${escapeControls(value)}`,
  );
  const schema = detail.schema.map((field) => ({
    column: field.name,
    type: field.type,
    nullable: field.nullable ? "yes" : "no",
  }));
  const title = `${look.style.bold(escapeControls(detail.name))}, version ${detail.version}`;
  return `${title}\n${lines.join("\n")}\n\n${renderTable(SCHEMA_COLUMNS, schema, look)}`;
}
