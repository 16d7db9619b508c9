import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import avro from "avsc";
import { onTestFinished } from "vitest";
import { newUuid } from "../../../core/index.js";
import type { Row } from "../../../engine/index.js";
import { discoverSources, type Misfits, type OpenedSource, openSource } from "../../../formats/index.js";
import { type Lake, openCache, openLake } from "../../../src/index.js";
import { keepableSource, keptForm } from "../../../src/operations/landing/kept/keepable.js";
import { type LandedKept, landKept } from "../../../src/operations/landing/kept/land-kept.js";
import { RAW_FILES_FEATURE, upgradeProtocol } from "../../../table-format/index.js";
import { type Operations, operationsOn } from "../../support/operations.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

export interface LandOptions {
  readonly inPlace?: boolean;
  readonly misfits?: Misfits;
  readonly sourceFile?: string;
  /** Is called before the rows of the file are read for its copy. */
  readonly beforeRead?: () => Promise<void>;
}

/** A table `t` of a lake, with a cache of its own, whose data files may be Avro and JSONL files, landed without the command for it. */
export class RawTable {
  readonly lake: Lake;
  /** For sources, beside the lake. */
  readonly folder: string;
  readonly operations: Operations;

  private constructor(lake: Lake, folder: string, operations: Operations) {
    this.lake = lake;
    this.folder = folder;
    this.operations = operations;
  }

  /** @param definition what follows `CREATE TABLE t` */
  static async make(definition: string): Promise<RawTable> {
    const folder = await temporaryFolder();
    const lake = await openLake(path.join(folder, "lake"), {
      cache: { directory: path.join(folder, "cache") },
    });
    onTestFinished(() => lake.close());
    await lake.sql(`CREATE TABLE t ${definition}`);
    return new RawTable(lake, folder, await operationsOn(lake.uri));
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  /** Writes a JSONL file and lands it. */
  async landRows(name: string, rows: readonly unknown[], options: LandOptions = {}): Promise<LandedKept> {
    await writeFile(this.file(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return this.land(this.file(name), options);
  }

  /** Writes an Avro file and lands it. */
  async landAvro(
    name: string,
    schema: avro.Schema,
    rows: readonly unknown[],
    options: LandOptions = {},
  ): Promise<LandedKept> {
    await this.writeAvro(name, schema, rows);
    return this.land(this.file(name), options);
  }

  writeAvro(name: string, schema: avro.Schema, rows: readonly unknown[]): Promise<void> {
    const encoder = new avro.streams.BlockEncoder(avro.Type.forSchema(schema), {
      codec: "deflate",
      blockSize: 512,
    });
    return pipeline(Readable.from(rows), encoder, createWriteStream(this.file(name)));
  }

  /** Removes the copies that the lake has made. */
  async wipe(): Promise<void> {
    await openCache({ directory: this.file("cache") }).wipe();
  }

  async land(source: string, options: LandOptions = {}): Promise<LandedKept> {
    const { operations } = this;
    const target = await operations.target("t");
    return target.table.folder.engine.withSession(async (session) => {
      const [file] = await discoverSources([source], {});
      const { misfits = "refuse", inPlace = false, sourceFile, beforeRead = async () => {} } = options;
      const [opened] = file === undefined ? [] : await openSource(session, file, { misfits });
      if (opened === undefined) throw new Error(`${source} is no source`);
      try {
        return await operations.run(target, {
          name: "INGEST",
          prepare: async (read) => {
            const snapshot = read ?? (await target.table.snapshot());
            const form = keptForm(await keepableSource(opened), "keep");
            if (form.kind !== "kept") throw new Error(form.note);
            const changed = upgradeProtocol(snapshot.protocol, [RAW_FILES_FEATURE]);
            const { schema, metadata } = snapshot;
            const landed = await landKept(session, {
              target: { table: target.table, schema, metadata, protocol: changed.protocol },
              read: snapshot,
              source: interrupted(opened, beforeRead),
              format: form.format,
              misfits,
              sourceFile,
              inPlace,
              marker: newUuid(),
              now: Date.now(),
              signal: undefined,
            });
            return {
              status: "staged",
              staged: {
                operation: "WRITE",
                operationParameters: { mode: "Append" },
                operationMetrics: {},
                protocol: changed.added.length === 0 ? undefined : changed.protocol,
                adds: landed.add === undefined ? [] : [landed.add],
                replaces: { kind: "none" },
                engineInfo: "test",
              },
              files: { discard: () => landed.discard() },
              result: () => landed,
            };
          },
        });
      } finally {
        await opened.dispose();
      }
    });
  }

  /** As {@link rows}, with the cache in which landing has put its copies. */
  async rowsWhereLanded(sql: string): Promise<Row[]> {
    return (await this.operations.planner.query({ text: sql, offset: 0 }, {})).toArray();
  }

  async rows(sql: string): Promise<Row[]> {
    return (await this.lake.sql(sql)).toArray();
  }
}

/** A source that calls `before` each time its rows are asked for. */
function interrupted(source: OpenedSource, before: () => Promise<void>): OpenedSource {
  const { relation, fitted } = source;
  return {
    ...source,
    relation: async (...wanted) => {
      await before();
      return relation(...wanted);
    },
    ...(fitted && {
      fitted: async (...wanted) => {
        await before();
        return fitted(...wanted);
      },
    }),
  };
}
