import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../engine/index.js";
import { LocalStore, objectPath } from "../../../object-store/index.js";
import { DeltaTable, version } from "../../../table-format/index.js";
import {
  commitPath,
  compactionPath,
  type LogFile,
  parseLogFile,
} from "../../../table-format/log/log-path.js";
import { planSegment } from "../../../table-format/log/segment.js";
import { compactLog, worthCompacting } from "../../../table-format/maintenance/compact-log.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open();
});
afterAll(() => engine.close());

const range = (from: number, to: number) => ({ from: version(from), to: version(to) });

async function logOf(...commits: (readonly string[])[]): Promise<LocalStore> {
  const store = new LocalStore(await temporaryFolder());
  for (const [index, lines] of commits.entries()) {
    const text = lines.map((line) => `${line}\n`).join("");
    await store.put(commitPath(version(index)), new TextEncoder().encode(text));
  }
  return store;
}

async function linesOf(store: LocalStore, from: number, to: number): Promise<string[]> {
  const bytes = await store.get(compactionPath(version(from), version(to)));
  return new TextDecoder().decode(bytes).split("\n").slice(0, -1).sort();
}

const INFO = '{"commitInfo":{"operation":"WRITE"}}';

describe("compactLog", () => {
  it("gives what the protocol's own example gives", async () => {
    const store = await logOf(
      [INFO, '{"add":{"path":"f2"}}', '{"remove":{"path":"f1"}}'],
      [INFO, '{"add":{"path":"f3"}}', '{"add":{"path":"f4"}}', '{"txn":{"appId":"3ae4","version":4389}}'],
      [INFO, '{"remove":{"path":"f3"}}', '{"txn":{"appId":"3ae4","version":4390}}', '{"cdc":{"path":"c"}}'],
    );
    expect(await compactLog({ store, engine }, range(0, 2))).toMatchObject({ status: "written" });
    expect(await linesOf(store, 0, 2)).toEqual([
      '{"add":{"path":"f2"}}',
      '{"add":{"path":"f4"}}',
      '{"remove":{"path":"f1"}}',
      '{"remove":{"path":"f3"}}',
      '{"txn":{"appId":"3ae4","version":4390}}',
    ]);
  });

  it("tells deletion vectors apart, keeps removed domains, and changes no line", async () => {
    const vector = (id: string) => `"deletionVector":{"storageType":"u","pathOrInlineDv":"${id}","offset":1}`;
    const store = await logOf(
      [
        '{"add":{"path":"a","size":1.50,"later":{"unknown":12345678901234567890123}}}',
        '{"protocol":{"minReaderVersion":1}}',
      ],
      [
        '{"remove":{"path":"./a"}}',
        `{"add":{"path":"a",${vector("x")}}}`,
        '{"domainMetadata":{"domain":"d","configuration":"{}","removed":false}}',
      ],
      [
        `{"remove":{"path":"a",${vector("x")}}}`,
        `{"add":{"path":"%61",${vector("y")},"stats":"{\\"n\\":\\"é\\"}"}}`,
        '{"domainMetadata":{"domain":"d","configuration":"{}","removed":true}}',
      ],
    );
    await compactLog({ store, engine }, range(0, 2));
    expect(await linesOf(store, 0, 2)).toEqual(
      [
        `{"add":{"path":"%61",${vector("y")},"stats":"{\\"n\\":\\"é\\"}"}}`,
        '{"remove":{"path":"./a"}}',
        `{"remove":{"path":"a",${vector("x")}}}`,
        '{"protocol":{"minReaderVersion":1}}',
        '{"domainMetadata":{"domain":"d","configuration":"{}","removed":true}}',
      ].sort(),
    );
  });

  it("stays when it is there, and needs every commit of two versions at least", async () => {
    const store = await logOf([INFO], [INFO], [INFO]);
    expect(await compactLog({ store, engine }, range(1, 2))).toMatchObject({
      status: "written",
      sizeInBytes: 0,
    });
    expect(await compactLog({ store, engine }, range(1, 2))).toMatchObject({ status: "exists" });
    await expect(compactLog({ store, engine }, range(1, 1))).rejects.toMatchObject({ kind: "invalid-input" });
    await expect(compactLog({ store, engine }, range(1, 3))).rejects.toMatchObject({
      kind: "not-found",
      context: { version: 3n },
    });
  });

  it("is read, an empty one too", async () => {
    const start = [
      '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}',
      '{"metaData":{"id":"i","format":{"provider":"parquet","options":{}},"schemaString":"{\\"type\\":\\"struct\\",\\"fields\\":[{\\"name\\":\\"n\\",\\"type\\":\\"long\\",\\"nullable\\":true,\\"metadata\\":{}}]}","partitionColumns":[],"configuration":{}}}',
      '{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}}',
    ];
    const store = await logOf(start, [INFO], [INFO]);
    await compactLog({ store, engine }, range(1, 2));
    const table = new DeltaTable({ store, engine });
    const snapshot = await table.snapshot();
    expect(snapshot.segment.commits.map((file) => file.kind)).toEqual(["commit", "compaction"]);
    expect(await snapshot.withFiles(async (files) => files.count)).toBe(1);
    await table.release();
  });
});

describe("worthCompacting", () => {
  const digits = (n: number): string => String(n).padStart(20, "0");
  const segment = (...names: string[]) =>
    planSegment(
      names.flatMap((name): LogFile[] => {
        const file = parseLogFile({ path: objectPath(`_delta_log/${name}`), size: 1, lastModified: 0 });
        return file === undefined ? [] : [file];
      }),
      "t",
    );
  const commits = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, index) => `${digits(from + index)}.json`);

  it("takes the commits that would be read one by one", () => {
    expect(worthCompacting(segment(...commits(0, 5)), 6)).toEqual(range(0, 5));
    expect(worthCompacting(segment(...commits(0, 5)), 7)).toBeUndefined();
    expect(worthCompacting(segment(...commits(0, 9), `${digits(4)}.checkpoint.parquet`), 3)).toEqual(
      range(5, 9),
    );
    expect(worthCompacting(segment(...commits(0, 9), `${digits(0)}.${digits(3)}.compacted.json`), 3)).toEqual(
      range(4, 9),
    );
  });
});
