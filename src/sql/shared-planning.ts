import { Engine, type Parameters, type Session } from "../../engine/index.js";
import { engineType } from "../../table-format/index.js";
import { SessionFiles, type SessionFilesOptions } from "../file-sources/session-files.js";
import { METADATA_COLUMN, metadataType } from "../scan/metadata-column.js";
import type { SessionTable } from "../table.js";
import { PLANNER_DISABLED_OPTIMIZERS, pushdown, type TableScan } from "./pushdown.js";
import type { ReferencedFiles, ReferencedTable } from "./query-expander.js";
import { createStubs } from "./stubs.js";

/** What planners of one lake have in common. */
export class SharedPlanning {
  /** Views of this lake's session, by lower-case name. */
  readonly temporaryViews = new Map<string, string>();
  /** How many tables got a name in a session, which may be given several queries. */
  readonly named = new WeakMap<Session, number>();
  readonly files: SessionFiles;
  #engine: Promise<Engine> | undefined;

  constructor(files: SessionFilesOptions) {
    this.files = new SessionFiles(files);
  }

  /**
   * Which columns and rows of each table a query needs, by the engine's own optimizer.
   *
   * @param showing names of the tables whose `_metadata` the query can mean
   */
  async pushdown(
    sql: string,
    parameters: Parameters | undefined,
    tables: readonly ReferencedTable[],
    files: readonly ReferencedFiles[],
    showing: ReadonlySet<string>,
    sessionTables: readonly SessionTable[],
  ): Promise<ReadonlyMap<string, TableScan>> {
    if (tables.length + files.length === 0) return new Map();
    this.#engine ??= Engine.open({ threads: 1, disabledOptimizers: PLANNER_DISABLED_OPTIMIZERS });
    return (await this.#engine).withSession(async (session) => {
      const stubs = await createStubs(session, [
        ...sessionTables.map(({ name, columns }) => ({
          name,
          columns: columns.map((column) => ({ name: column.name, engineType: column.type })),
        })),
        ...files.map(({ name, table: { columns, metadataType: ofMetadata } }) => ({
          name,
          columns: [
            ...columns.map((column) => ({ name: column.name, engineType: column.type })),
            ...(ofMetadata === undefined ? [] : [{ name: METADATA_COLUMN, engineType: ofMetadata }]),
          ],
        })),
        ...tables.map(({ name, snapshot }) => ({
          name,
          columns: [
            ...snapshot.schema.fields.map((field) => ({
              name: field.name,
              engineType: engineType(field.type),
            })),
            ...(showing.has(name)
              ? [{ name: METADATA_COLUMN, engineType: metadataType(snapshot.metadata.configuration) }]
              : []),
          ],
        })),
      ]);
      return pushdown(session, sql, parameters, stubs);
    });
  }

  async close(): Promise<void> {
    await (await this.#engine)?.close();
  }
}
