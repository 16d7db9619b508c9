import type { Session } from "../../engine/index.js";
import type { Metadata } from "../log/actions.js";
import { parseEngineType } from "../schema/engine-type-text.js";
import { physicalName } from "../schema/index.js";
import { type ColumnFit, columnFit } from "./column-fit.js";
import type { FindingLog } from "./finding-log.js";
import { PAGE_FILES, PAGE_FOOTERS } from "./footers.js";
import { fileLiteral, isBrokenFile } from "./log-text.js";
import type { CheckedSchema } from "./schema-rules.js";

/** Columns that row tracking puts into data files (PROTOCOL.md, "Materialized Row ID Column"). */
const MATERIALIZED = [
  "delta.rowTracking.materializedRowIdColumnName",
  "delta.rowTracking.materializedRowCommitVersionColumnName",
];

/** Columns, all NULL, that delta-spark leaves in data files that it writes together with change data. */
const OF_CHANGES = ["_change_type", "__is_cdc"];

/** Checks the columns of data files against the table's; files of equal columns are looked at once. */
export class ColumnRules {
  readonly #schema: CheckedSchema;
  readonly #own: ReadonlySet<string>;
  /** By signature; `undefined` for columns that the engine cannot tell. */
  readonly #fits = new Map<string, ColumnFit | undefined>();

  constructor(schema: CheckedSchema, metadata: Metadata) {
    this.#schema = schema;
    this.#own = new Set([
      ...OF_CHANGES,
      ...schema.partitions.map((field) => physicalName(field, schema.mode)),
      ...MATERIALIZED.flatMap((property) => metadata.configuration[property] ?? []),
    ]);
  }

  async checkPage(session: Session, findings: FindingLog, signal: AbortSignal | undefined): Promise<void> {
    const signatures = await session.rows(
      `SELECT signature, min(p.file) AS file, min(key) AS key, count(*) AS n FROM ${PAGE_FOOTERS} AS f JOIN ${PAGE_FILES} AS p USING (file) GROUP BY signature ORDER BY key`,
      { signal },
    );
    for (const row of signatures) {
      const signature = String(row["signature"]);
      const files = `SELECT key FROM ${PAGE_FOOTERS} AS f JOIN ${PAGE_FILES} AS p USING (file) WHERE signature = '${signature}' ORDER BY key`;
      if (!this.#fits.has(signature)) {
        this.#fits.set(
          signature,
          await this.#fit(session, String(row["file"]), String(row["key"]), findings, signal),
        );
      }
      const fit = this.#fits.get(signature);
      if (fit === undefined) continue;
      for (const { column, message } of fit.misfits) {
        await findings.addRows(
          session,
          "column-type",
          files,
          ({ key }) => ({ message, place: { file: String(key), column } }),
          signal,
        );
      }
      for (const column of fit.unknown) {
        await findings.addRows(
          session,
          "column-unknown",
          files,
          ({ key }) => ({
            message: `the table has no column ${column}`,
            place: { file: String(key), column },
          }),
          signal,
        );
      }
      for (const column of fit.lacking) {
        await findings.addRows(
          session,
          "null-violation",
          files,
          ({ key }) => ({
            message: `the file does not have the column ${column}, which is NOT NULL`,
            place: { file: String(key), column },
          }),
          signal,
        );
      }
    }
  }

  async #fit(
    session: Session,
    file: string,
    key: string,
    findings: FindingLog,
    signal: AbortSignal | undefined,
  ): Promise<ColumnFit | undefined> {
    try {
      const columns = await session.rows(
        `DESCRIBE FROM read_parquet(${fileLiteral(file)}, hive_partitioning = false)`,
        { signal },
      );
      const fields = columns.map((row) => ({
        name: String(row["column_name"]),
        type: parseEngineType(String(row["column_type"])),
      }));
      return columnFit(this.#schema.schema, this.#schema.mode, this.#own, fields);
    } catch (error) {
      if (!isBrokenFile(error)) throw error;
      findings.add("data-file-unreadable", `the columns cannot be read: ${error.message}`, { file: key });
      return undefined;
    }
  }
}
