import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.js";
import { LocalStore, objectPath } from "../../object-store/index.js";
import { version } from "../../table-format/index.js";
import { sidecarName } from "../../table-format/snapshot/local-segment.js";
import {
  add,
  addRow,
  digits,
  fresh,
  type Json,
  metadata,
  paths,
  protocol,
  put,
  putCommit,
  putParquet,
  remove,
  removeFiles,
  stateRows,
  uuidName,
} from "../support/log-builder.js";
import { RemoteStore } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";

let engine: Engine;
let store: LocalStore;
beforeAll(async () => {
  engine = await Engine.open();
});
afterAll(() => engine.close());

/** Three commits that add a, b and c. */
beforeEach(async () => {
  store = new LocalStore(await temporaryFolder());
  await putCommit(store, 0, protocol("v2Checkpoint"), metadata(), add("a"));
  await putCommit(store, 1, add("b"));
  await putCommit(store, 2, add("c"));
});

const commits = (...versions: number[]): string[] => versions.map((n) => `${digits(n)}.json`);
const UUID_1 = "80a083e8-7026-4e79-81be-64bd76c43a11";

const CHECKPOINT_METADATA = (n: number): string =>
  `SELECT {version: ${n}::BIGINT, tags: MAP {}::MAP(VARCHAR, VARCHAR)} AS checkpointMetadata`;
const sidecarRow = (path: string): string =>
  `SELECT {path: '${path}', sizeInBytes: 1::BIGINT, modificationTime: 1::BIGINT, tags: MAP {}::MAP(VARCHAR, VARCHAR)} AS sidecar`;
const sidecar = (path: string): Json => ({ sidecar: { path, sizeInBytes: 1, modificationTime: 1 } });

describe("V2 checkpoints", () => {
  beforeEach(() => removeFiles(store, ...commits(0, 1)));

  it.each([
    ["a name", "one two%25.parquet", "one%20two%2525.parquet"],
    ["an absolute path", "x.parquet", "s3://elsewhere/table/_delta_log/_sidecars/x.parquet"],
    ["a relative path", "x.parquet", "_delta_log/_sidecars/x.parquet"],
  ])("finds a sidecar by %s", async (_what, name, uri) => {
    await putParquet(engine, store, `_sidecars/${name}`, addRow("a"), addRow("b"));
    await put(
      store,
      uuidName(1, "json"),
      { checkpointMetadata: { version: 1 } },
      protocol("v2Checkpoint"),
      metadata({ note: "from the checkpoint" }),
      sidecar(uri),
    );
    const snapshot = await fresh(store, engine).snapshot();
    expect(snapshot.metadata.configuration).toEqual({ note: "from the checkpoint" });
    expect(await paths(snapshot)).toEqual(["a", "b", "c"]);
    expect(sidecarName(uri)).toBe(name);
  });

  it.each(["v2", "classic"])("reads the V2 content of a Parquet checkpoint with a %s name", async (kind) => {
    await putParquet(engine, store, "_sidecars/1.parquet", addRow("a"));
    await putParquet(engine, store, "_sidecars/2.parquet", addRow("b"));
    const name = kind === "v2" ? uuidName(1, "parquet") : `${digits(1)}.checkpoint.parquet`;
    const rows = [CHECKPOINT_METADATA(1), ...stateRows("v2Checkpoint")];
    await putParquet(engine, store, name, ...rows, sidecarRow("1.parquet"), sidecarRow("2.parquet"));
    expect(await paths(await fresh(store, engine).snapshot())).toEqual(["a", "b", "c"]);
  });

  it("fetches each file of it once from a store that is far away", async () => {
    await putParquet(engine, store, "_sidecars/1.parquet", addRow("a"), addRow("b"));
    await put(
      store,
      `${digits(1)}.checkpoint.${UUID_1}.json`,
      { checkpointMetadata: { version: 1 } },
      protocol("v2Checkpoint"),
      metadata(),
      sidecar("1.parquet"),
    );
    const remote = new RemoteStore(store);
    const snapshot = await fresh(remote, engine).snapshot();
    expect(await paths(snapshot)).toEqual(["a", "b", "c"]);
    expect(remote.take()).toEqual([
      `get ${digits(1)}.checkpoint.${UUID_1}.json`,
      `get ${digits(2)}.json`,
      "get _last_checkpoint",
      "get _sidecars/1.parquet",
      "list  after ",
    ]);
  });
});

describe("a checkpoint that cannot be read", () => {
  const broken = async (name: string): Promise<void> =>
    store.put(objectPath(`_delta_log/${name}`), Buffer.from("PAR1 this is no Parquet"));

  it("is passed over for the commits, as long as they are there", async () => {
    await broken(`${digits(1)}.checkpoint.parquet`);
    const snapshot = await fresh(store, engine).snapshot();
    expect(await paths(snapshot)).toEqual(["a", "b", "c"]);
    expect(snapshot.segment.checkpoint).toBeUndefined();
  });

  it("is passed over for an older one, and for another one of its version", async () => {
    const rows = [...stateRows("v2Checkpoint"), addRow("a")];
    await putParquet(engine, store, `${digits(0)}.checkpoint.parquet`, ...rows);
    await broken(`${digits(1)}.checkpoint.parquet`);
    await removeFiles(store, ...commits(0));
    const older = await fresh(store, engine).snapshot();
    expect(await paths(older)).toEqual(["a", "b", "c"]);
    expect(older.segment.checkpoint?.version).toBe(0n);

    await putParquet(engine, store, uuidName(1, "parquet"), CHECKPOINT_METADATA(1), ...rows, addRow("b"));
    const other = await fresh(store, engine).snapshot();
    expect(await paths(other)).toEqual(["a", "b", "c"]);
    expect(other.segment.checkpoint?.version).toBe(1n);
  });

  it("is an error that says why nothing else serves, where the commits are gone", async () => {
    await broken(`${digits(1)}.checkpoint.parquet`);
    await removeFiles(store, ...commits(0));
    await expect(fresh(store, engine).snapshot()).rejects.toMatchObject({
      kind: "corrupt",
      code: "checkpoint-unreadable",
      message: expect.stringMatching(
        /the checkpoint of version 1 cannot be read: .*Nothing else in the log gives version 2: .*version 0 is missing/s,
      ),
    });
  });

  it("is found out when its files are listed, where a sidecar is missing or damaged", async () => {
    const name = uuidName(1, "json");
    const lines = [{ checkpointMetadata: { version: 1 } }, protocol("v2Checkpoint"), metadata()];
    await put(store, name, ...lines, sidecar("gone.parquet"));
    const snapshot = await fresh(store, engine).snapshot();
    expect(snapshot.segment.checkpoint?.version).toBe(1n);
    expect(await paths(snapshot)).toEqual(["a", "b", "c"]);
    expect(snapshot.segment.checkpoint).toBeUndefined();

    const remote = await fresh(new RemoteStore(store), engine).snapshot();
    expect(await paths(remote)).toEqual(["a", "b", "c"]);
    expect(remote.segment.checkpoint).toBeUndefined();

    await broken("_sidecars/gone.parquet");
    expect(await paths(await fresh(store, engine).snapshot())).toEqual(["a", "b", "c"]);

    await removeFiles(store, ...commits(0));
    await expect(fresh(store, engine).snapshot().then(paths)).rejects.toMatchObject({
      kind: "corrupt",
      code: "checkpoint-unreadable",
    });
  });

  it.each([
    ["says that it is of another version", [{ checkpointMetadata: { version: 2 } }, protocol(), metadata()]],
    ["does not say its version", [protocol(), metadata()]],
    ["has no metadata", [{ checkpointMetadata: { version: 1 } }, protocol()]],
    ["has no protocol", [{ checkpointMetadata: { version: 1 } }, metadata()]],
  ])("is one that %s", async (_what, lines) => {
    await put(store, uuidName(1, "json"), ...lines, add("wrong"));
    const snapshot = await fresh(store, engine).snapshot();
    expect(snapshot.segment.checkpoint).toBeUndefined();
    expect(await paths(snapshot)).toEqual(["a", "b", "c"]);
  });

  it("is not taken for damage when a commit is what is damaged", async () => {
    await putParquet(
      engine,
      store,
      `${digits(1)}.checkpoint.parquet`,
      ...stateRows(),
      addRow("a"),
      addRow("b"),
    );
    await store.put(objectPath(`_delta_log/${digits(2)}.json`), Buffer.from('{"add":{"path":'));
    await expect(fresh(store, engine).snapshot()).rejects.toMatchObject({
      kind: "corrupt",
      code: "log-unreadable",
    });
  });
});

describe("_last_checkpoint", () => {
  const hint = (text: string): Promise<void> =>
    store.put(objectPath("_delta_log/_last_checkpoint"), Buffer.from(text));

  it.each([
    ["is broken", '{"version":'],
    ["is stale", '{"version":0,"size":3}'],
    ["points past the end", '{"version":77,"size":3}'],
    ["points at a checkpoint that is not there", '{"version":1,"size":3,"parts":2}'],
    [
      "has a checksum that does not hold",
      '{"version":2,"size":3,"checksum":"00000000000000000000000000000000"}',
    ],
  ])("is no more than a hint when it %s", async (_what, text) => {
    const rows = [...stateRows(), addRow("a"), addRow("b"), addRow("c")];
    await putParquet(engine, store, `${digits(2)}.checkpoint.parquet`, ...rows);
    await putCommit(store, 3, remove("a"));
    await hint(text);
    const snapshot = await fresh(store, engine).snapshot();
    expect(snapshot.version).toBe(3n);
    expect(snapshot.segment.checkpoint?.version).toBe(2n);
    expect(await paths(snapshot)).toEqual(["b", "c"]);
    expect(await paths(await fresh(store, engine).snapshot({ version: version(1) }))).toEqual(["a", "b"]);
  });
});
