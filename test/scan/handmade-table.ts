import { mkdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished } from "vitest";
import { type JsonObject, type JsonValue, stringifyJson } from "../../core/index.js";
import { Engine, quoteString, type Session } from "../../engine/index.js";
import { openStore } from "../../object-store/index.js";
import { type Lake, openLake, type Row } from "../../src/index.js";
import { DeletionVectorWriter, deletionVectorJson, rowIndexSetOf } from "../../table-format/index.js";
import { farStores } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** A field of a schema string: its name, type and metadata. */
export function field(name: string, type: JsonValue, metadata: JsonObject = {}): JsonObject {
  return { name, type, nullable: true, metadata };
}

/** A field of a table with column mapping. */
export function mappedField(id: number, name: string, physical: string, type: JsonValue): JsonObject {
  return field(name, type, {
    "delta.columnMapping.id": id,
    "delta.columnMapping.physicalName": physical,
  });
}

export interface TableMetadata {
  readonly fields: readonly JsonObject[];
  readonly partitionColumns?: readonly string[];
  readonly configuration?: Readonly<Record<string, string>>;
}

export function struct(...fields: readonly JsonObject[]): JsonObject {
  return { type: "struct", fields };
}

export function array(elementType: JsonValue): JsonObject {
  return { type: "array", elementType, containsNull: true };
}

export function map(keyType: JsonValue, valueType: JsonValue): JsonObject {
  return { type: "map", keyType, valueType, valueContainsNull: true };
}

/** A Delta table of one commit a call, written by hand. It has every reader feature that the tests need. */
export class HandmadeTable {
  readonly folder: string;
  readonly #session: Session;
  readonly #lake: Lake;
  /** Another lake, to which the table's folder is far away. */
  readonly #farLake: Lake;
  #version = 0;
  #files = 0;

  private constructor(folder: string, session: Session, lake: Lake, farLake: Lake) {
    this.folder = folder;
    this.#session = session;
    this.#lake = lake;
    this.#farLake = farLake;
  }

  static async make(): Promise<HandmadeTable> {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, "_delta_log"), { recursive: true });
    const engine = await Engine.open();
    const lake = await openLake(path.join(folder, "lake"));
    const farLake = await openLake(path.join(folder, "far-lake"), {
      openStore: farStores(path.dirname(folder)).open,
      cache: { directory: path.join(folder, "cache") },
    });
    onTestFinished(async () => {
      await lake.close();
      await farLake.close();
      await engine.close();
    });
    return new HandmadeTable(folder, await engine.acquire(), lake, farLake);
  }

  /**
   * Writes a data file with the rows of a SELECT; gives its `add`.
   *
   * @param options of COPY, after the format
   */
  async file(select: string, add: JsonObject = {}, options = ""): Promise<JsonObject> {
    const name = `part-${this.#files++}.parquet`;
    const target = path.join(this.folder, name);
    const rows = await this.#session.execute(
      `COPY (${select}) TO ${quoteString(target)} (FORMAT parquet${options === "" ? "" : `, ${options}`})`,
    );
    return {
      path: name,
      partitionValues: {},
      size: (await stat(target)).size,
      modificationTime: 1_700_000_000_000,
      dataChange: true,
      stats: `{"numRecords":${rows}}`,
      ...add,
    };
  }

  /** Runs a statement in the session that writes the files. */
  async execute(sql: string): Promise<void> {
    await this.#session.execute(sql);
  }

  /** The `deletionVector` member of an `add` whose rows of these indexes are deleted. */
  async vector(...rows: readonly number[]): Promise<JsonObject> {
    const writer = new DeletionVectorWriter(openStore(this.folder));
    const descriptor = await writer.add(rowIndexSetOf(rows.map(BigInt)));
    await writer.finish();
    return { deletionVector: deletionVectorJson(descriptor) };
  }

  /** Commits metadata and adds; the first commit has the protocol. */
  async commit(metadata: TableMetadata | undefined, adds: readonly JsonObject[]): Promise<void> {
    const features = ["columnMapping", "deletionVectors", "timestampNtz", "typeWidening", "variantType"];
    const protocol = {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: features,
      writerFeatures: [...features, "rowTracking", "domainMetadata"],
    };
    const actions: JsonObject[] = [
      ...(this.#version === 0 ? [{ protocol }] : []),
      ...(metadata === undefined ? [] : [{ metaData: metaData(metadata) }]),
      ...adds.map((add) => ({ add })),
    ];
    const name = `${String(this.#version++).padStart(20, "0")}.json`;
    const text = actions.map((action) => `${stringifyJson(action)}\n`).join("");
    await writeFile(path.join(this.folder, "_delta_log", name), text);
  }

  /** The rows of a query, where `t` stands for the table; the same where its files are far away. */
  async rows(sql: string): Promise<Row[]> {
    const rows = await this.localRows(sql);
    expect(await this.farRows(sql)).toEqual(rows);
    return rows;
  }

  /** The rows of a query about what is another where files are far away. */
  async localRows(sql: string): Promise<Row[]> {
    const text = sql.replaceAll(/\bt\b/g, `delta.\`${this.folder}\``);
    return (await this.#lake.sql(text)).toArray();
  }

  /** The rows of a query, where `t` stands for the table as one whose files are far away. */
  async farRows(sql: string): Promise<Row[]> {
    const text = sql.replaceAll(/\bt\b/g, `delta.\`${this.uri}\``);
    return (await this.#farLake.sql(text)).toArray();
  }

  /** The table's folder as one that is far away. */
  get uri(): string {
    return `far://${path.basename(this.folder)}`;
  }

  get lake(): Lake {
    return this.#lake;
  }
}

function metaData({ fields, partitionColumns = [], configuration = {} }: TableMetadata): JsonObject {
  return {
    id: "6f0c2f3e-9a5e-4a0f-8e0b-3f6d8a1c2b4d",
    format: { provider: "parquet", options: {} },
    schemaString: stringifyJson({ type: "struct", fields: [...fields] }),
    partitionColumns: [...partitionColumns],
    configuration: { ...configuration },
    createdTime: 0,
  };
}
