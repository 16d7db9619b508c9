import { LakeError, newUuid } from "../../../core/index.js";
import {
  type ColumnPlan,
  type EvolvedTable,
  grownTable,
  hasFeature,
  type NewField,
  replacedColumns,
  type SourceColumn,
  schemaGrowth,
  type TableState,
  usesTimestampNtz,
} from "../../../table-format/index.js";

/**
 * What becomes of a table's columns when rows bring others: `none`, they are refused; `merge`, new ones join the
 * table, at the end, and types become wider where the table has type widening; `overwrite`, those of the rows
 * take the place of the table's own, with all rows.
 */
export type SchemaEvolution = "none" | "merge" | "overwrite";

/** A table as a write leaves it. */
export interface WrittenTable extends EvolvedTable {
  /** Whether its metadata changes. */
  readonly changed: boolean;
}

/**
 * The table that rows of these columns are written to. Pure but for new ids.
 *
 * @param sources the columns of each source, with the names that they have in the table
 * @throws LakeError `invalid-input` for columns that cannot join the table.
 */
export function evolvedTable(
  label: string,
  state: TableState,
  sources: readonly (readonly SourceColumn[])[],
  evolution: SchemaEvolution,
): WrittenTable {
  switch (evolution) {
    case "none":
      return unchanged(state);
    case "merge":
      return merged(label, state, sources);
    case "overwrite": {
      const [only] = sources;
      if (only === undefined || sources.length > 1) {
        throw new LakeError("internal", "one-source", "a schema is replaced by that of one source");
      }
      return { ...replacedColumns(state, only, newUuid), changed: true };
    }
  }
}

function merged(
  label: string,
  state: TableState,
  sources: readonly (readonly SourceColumn[])[],
): WrittenTable {
  const growth: Pick<ColumnPlan, "newFields" | "widened">[] = [];
  let { schema } = state;
  for (const columns of sources) {
    const grown = schemaGrowth(schema, columns, state.metadata.configuration);
    schema = grown.schema;
    growth.push(grown);
  }
  const added = growth.flatMap(({ newFields }) => newFields);
  if (!hasFeature(state.protocol, "timestampNtz")) checkInstants(label, added);
  const table = grownTable(state, growth, newUuid);
  return table === undefined ? unchanged(state) : { ...table, changed: true };
}

/** A feature that keeps out other programs does not join a table by the way. */
function checkInstants(label: string, added: readonly NewField[]): void {
  const wallClock = added.find(({ field }) => usesTimestampNtz(field.type));
  if (wallClock === undefined) return;
  throw new LakeError(
    "invalid-input",
    "feature-needed",
    `a new column of ${label} is a timestamp without a time zone, which needs the table feature timestampNtz`,
    {
      context: { column: [...wallClock.parent, wallClock.field.name].join(".") },
      hint: "Give the timestamps a time zone in the source, or turn the feature on: ALTER TABLE ... SET TBLPROPERTIES ('delta.feature.timestampNtz' = 'supported').",
    },
  );
}

/** The error of columns that are to be replaced without the rows. */
export function keepsRows(label: string): LakeError {
  return new LakeError(
    "invalid-input",
    "overwrite-schema",
    `the columns of ${label} can be replaced only together with all of its rows`,
    { hint: "Overwrite the table, or add the new columns to it." },
  );
}

function unchanged({ schema, metadata, protocol }: TableState): WrittenTable {
  return { schema, metadata, protocol, featuresAdded: [], domains: [], changed: false };
}
