import { type Relation, relation } from "../cells.js";
import { type Configuration, sparkRead, sparkSql, sparkTable } from "../spark/spark.js";
import type { Feature } from "./feature.js";
import { createTable } from "./our-side.js";
import type { Source, Sources } from "./sources.js";

/** What Spark does in a cell. Tables are named by their folders. */
export class SparkSide {
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  async create(feature: Feature, table: string): Promise<void> {
    await run([createTable(feature, table)], feature.configuration);
  }

  /** The steps after CREATE TABLE. */
  async fill(feature: Feature, table: string): Promise<void> {
    const t = sparkTable(table);
    const second = await this.#sources.of(feature, "second");
    await run(
      [
        insertion(table, await this.#sources.of(feature, "first")),
        ...(feature.alters ?? []).map((alteration) => `ALTER TABLE ${t} ${alteration}`),
        insertion(table, second),
        ...(feature.appendOnly === undefined ? [`DELETE FROM ${t} WHERE id % 5 = 0`] : []),
      ],
      feature.configuration,
    );
  }

  async append(table: string, source: Source): Promise<void> {
    await run([insertion(table, source)]);
  }

  /** INSERT, UPDATE, DELETE and MERGE, as `goneOn` of directions.ts models them. */
  async goOn(feature: Feature, table: string): Promise<void> {
    const t = sparkTable(table);
    await this.append(table, await this.#sources.of(feature, "third"));
    if (feature.appendOnly !== undefined) return;
    const source = await this.#sources.of(feature, "merged");
    const names = source.columns.map(quoted);
    const values = source.columns.map((name) => `s.${quoted(name)}`);
    await run([
      `UPDATE ${t} SET v = 'updated' WHERE id = 21`,
      `DELETE FROM ${t} WHERE id = 1`,
      `MERGE INTO ${t} AS t USING parquet.\`${source.file}\` AS s ON t.id = s.id
       WHEN MATCHED THEN UPDATE SET v = 'merged'
       WHEN NOT MATCHED THEN INSERT (${names.join(", ")}) VALUES (${values.join(", ")})`,
    ]);
    for (const statement of feature.sparkMaintenance ?? []) {
      // In a script, since the metrics that such a statement answers with are no relation of cells.
      const text = statement.replaceAll("{t}", t).replaceAll("'", "\\'");
      await run([`BEGIN EXECUTE IMMEDIATE '${text}'; SELECT 1 AS done; END`]);
    }
  }

  async delete(table: string, condition: string): Promise<void> {
    await run([`DELETE FROM ${sparkTable(table)} WHERE ${condition}`]);
  }

  /** The rows of a query, and its schema: the form of a Delta `schemaString`. */
  read(query: string): ReturnType<typeof sparkRead> {
    return sparkRead(query);
  }

  /** Version and operation, newest first. */
  async history(table: string): Promise<string[][]> {
    const { columns, rows } = await sparkSql(`DESCRIBE HISTORY ${sparkTable(table)}`);
    const [version, operation] = ["version", "operation"].map((name) => columns.indexOf(name));
    return rows.map((row) => [String(row[version ?? -1]), String(row[operation ?? -1])]);
  }

  /** Names and types. */
  async columns(table: string): Promise<string[][]> {
    const { rows } = await sparkSql(`DESCRIBE TABLE ${sparkTable(table)}`);
    return rows.map(([name, type]) => [String(name), String(type)]);
  }

  async clusteringColumns(table: string): Promise<unknown> {
    const { columns, rows } = await sparkSql(`DESCRIBE DETAIL ${sparkTable(table)}`);
    return rows[0]?.[columns.indexOf("clusteringColumns")];
  }

  async changes(table: string): Promise<Relation> {
    const { columns, rows } = await sparkSql(`SELECT * FROM table_changes_by_path('${table}', 1)`, {
      "spark.databricks.delta.changeDataFeed.defaultSchemaModeForColumnMappingTable": "endVersion",
    });
    return relation(columns, rows);
  }

  async version(): Promise<string> {
    const { rows } = await sparkSql("SELECT version()");
    return String(rows[0]?.[0]).split(" ")[0] ?? "";
  }
}

async function run(statements: readonly string[], configuration: Configuration = {}): Promise<void> {
  await sparkSql(statements, configuration);
}

function insertion(table: string, source: Source): string {
  const names = source.columns.map(quoted).join(", ");
  return `INSERT INTO ${sparkTable(table)} (${names}) SELECT ${names} FROM parquet.\`${source.file}\``;
}

function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}
