import { LakeError } from "../../../core/index.js";
import {
  findField,
  type SourceColumn,
  type StructField,
  type StructType,
} from "../../../table-format/index.js";

/** The column that gets what does not fit the others, as the JSON text that formats call RESCUED. */
export const RESCUED_COLUMN = "_rescued_data";

/** The column that gets the URI of the file that a row came from. */
export const SOURCE_FILE_COLUMN = "_source_file";

/** Columns that a landing fills beside those of its sources. */
export interface LandingColumns {
  readonly rescue: boolean;
  readonly sourceFile: boolean;
}

export interface AskedColumns {
  /** Default whether the table has {@link RESCUED_COLUMN}. */
  readonly rescue?: boolean | undefined;
  /** Whether a table that lacks {@link SOURCE_FILE_COLUMN} gets it. */
  readonly sourceColumn: boolean;
}

/**
 * Decides which of the two columns a landing fills: those that are asked for, and those that the table has. Pure.
 *
 * @param schema of the table as it is; `undefined` for a new one
 * @throws LakeError `invalid-input` `landing-column` where what is asked for has another type in the table.
 */
export function landingColumns(schema: StructType | undefined, asked: AskedColumns): LandingColumns {
  const rescued = schema && findField(schema, RESCUED_COLUMN);
  const sourceFile = schema && findField(schema, SOURCE_FILE_COLUMN);
  if (asked.rescue === true) checkText(rescued);
  if (asked.sourceColumn) checkText(sourceFile);
  return {
    rescue: asked.rescue ?? isText(rescued),
    sourceFile: asked.sourceColumn || isText(sourceFile),
  };
}

/** The columns as a source would bring them. Pure. */
export function asSourceColumns({ rescue, sourceFile }: LandingColumns): SourceColumn[] {
  return [
    ...(rescue ? [{ name: RESCUED_COLUMN, type: "VARCHAR" }] : []),
    ...(sourceFile ? [{ name: SOURCE_FILE_COLUMN, type: "VARCHAR" }] : []),
  ];
}

function isText(field: StructField | undefined): boolean {
  return field?.type.type === "string";
}

function checkText(field: StructField | undefined): void {
  if (field === undefined || isText(field)) return;
  throw new LakeError(
    "invalid-input",
    "landing-column",
    `the table's column ${field.name} is no string, so it cannot be filled by landing`,
    { context: { column: field.name }, hint: "Rename the table's column first; that needs column mapping." },
  );
}
