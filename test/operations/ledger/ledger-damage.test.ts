import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, type Session } from "../../../engine/index.js";
import { LocalStore, MemoryStore, type ObjectStore } from "../../../object-store/index.js";
import { isLedgerFileMissing } from "../../../src/operations/landing/ledger/ledger-damage.js";
import { bytes } from "../../support/object-stores.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { found, HOUR, LedgerTable, landedFile, landedFiles } from "./ledger-table.js";

let engine: Engine;
let session: Session;
beforeAll(async () => {
  engine = await Engine.open({ threads: 2 });
  session = await engine.acquire();
});
afterAll(() => engine.close());

const asked = landedFiles(0, 900).map(found);

async function thrown(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error,
  );
}

describe.each<{ readonly name: string; readonly open: () => Promise<ObjectStore> }>([
  { name: "a local store", open: async () => new LocalStore(await temporaryFolder()) },
  { name: "a store that is not local", open: async () => new MemoryStore() },
])("a damaged ledger in $name", ({ open }) => {
  async function landedTable(): Promise<{ table: LedgerTable; head: string; segment: string }> {
    const table = await LedgerTable.create(await open(), engine, session);
    await table.land(landedFiles(0, 600));
    const files = await table.files();
    const head = files.find((name) => name.endsWith(".json"));
    const segment = files.find((name) => name.endsWith(".parquet"));
    if (head === undefined || segment === undefined) throw new Error("the ledger has a head and a segment");
    return { table, head, segment };
  }

  it("is refused where its head is gone", async () => {
    const { table, head } = await landedTable();
    await table.store.delete([table.file(head)]);
    const error = await thrown(table.compare(asked));
    expect(error).toMatchObject({
      kind: "corrupt",
      code: "ledger-file-missing",
      message: expect.stringContaining(head),
      hint: expect.stringContaining("--again"),
    });
    expect(isLedgerFileMissing(error)).toBe(true);
  });

  it("is refused where a segment is gone, when files are looked up and when it is merged", async () => {
    const { table, segment } = await landedTable();
    await table.store.delete([table.file(segment)]);
    const missing = {
      kind: "corrupt",
      code: "ledger-file-missing",
      message: expect.stringContaining(segment),
    };
    await expect(table.compare(asked)).rejects.toMatchObject(missing);
    const before = await table.files();
    await expect(table.stage(await table.snapshot(), landedFiles(2_000, 700))).rejects.toMatchObject(missing);
    expect(await table.files()).toEqual(before);
  });

  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["without segments", '{"version":1,"sweptAt":1,"recent":[],"retired":[]}'],
    [
      "with a hash that is none",
      '{"version":1,"sweptAt":1,"segments":[],"retired":[],"recent":[{"uri":"file:///a","size":1,"modificationTime":1,"hash":"xyz"}]}',
    ],
    [
      "with a segment in another folder",
      '{"version":1,"sweptAt":1,"recent":[],"retired":[],"segments":[{"name":"../a.parquet","entries":1,"bytes":1,"firstUri":"a","lastUri":"b"}]}',
    ],
    [
      "with a size beyond all numbers",
      '{"version":1,"sweptAt":1,"segments":[],"retired":[],"recent":[{"uri":"file:///a","size":12345678901234567890,"modificationTime":1,"hash":"00000000000000000000000000000000"}]}',
    ],
  ])("is refused where its head is %s", async (_, text) => {
    const { table, head } = await landedTable();
    await table.store.put(table.file(head), bytes(text));
    await expect(table.compare(asked)).rejects.toMatchObject({
      kind: "corrupt",
      code: "ledger-damaged",
      message: expect.stringContaining(head),
    });
  });

  it("is refused where its head is no UTF-8", async () => {
    const { table, head } = await landedTable();
    await table.store.put(table.file(head), Uint8Array.of(0x7b, 0xff, 0x7d));
    await expect(table.compare(asked)).rejects.toMatchObject({ kind: "corrupt", code: "ledger-damaged" });
  });

  it("is refused where a later release wrote its head", async () => {
    const { table, head } = await landedTable();
    await table.store.put(table.file(head), bytes('{"version":2}'));
    await expect(table.compare(asked)).rejects.toMatchObject({ kind: "unsupported", code: "ledger-form" });
  });

  it("is found by reading all of it, before files land that need none of it", async () => {
    const { table, segment } = await landedTable();
    const read = await table.snapshot();
    await expect((await table.ledger(read)).verify(session)).resolves.toBeUndefined();
    const whole = await table.store.get(table.file(segment));
    await table.store.put(table.file(segment), Uint8Array.from(whole).fill(0xa5, 4, 400));
    await expect((await table.ledger(read)).verify(session)).rejects.toMatchObject({
      code: "ledger-damaged",
    });
    await table.store.delete([table.file(segment)]);
    await expect((await table.ledger(read)).verify(session)).rejects.toMatchObject({
      code: "ledger-file-missing",
    });
    // Another segment's bytes under the name: sound Parquet, and not what the head says.
    const other = await LedgerTable.create(new MemoryStore(), engine, session);
    await other.land(landedFiles(1, 600));
    const name = (await other.files()).find((file) => file.endsWith(".parquet")) ?? "";
    const bytesOfOther = await other.store.get(other.file(name));
    await table.store.put(table.file(segment), bytesOfOther);
    await expect((await table.ledger(read)).verify(session)).rejects.toMatchObject({
      code: "ledger-damaged",
    });
  });

  it("is refused where a segment is cut, or is no Parquet", async () => {
    const { table, segment } = await landedTable();
    const whole = await table.store.get(table.file(segment));
    const damaged = { kind: "corrupt", code: "ledger-damaged", message: expect.stringContaining(segment) };
    await table.store.put(table.file(segment), whole.subarray(0, whole.length - 7));
    await expect(table.compare(asked)).rejects.toMatchObject(damaged);
    const spoilt = [
      { what: "no Parquet at all", from: 0, to: whole.length },
      { what: "without a footer", from: whole.length - 300, to: whole.length - 8 },
      { what: "without its first page", from: 4, to: 400 },
    ];
    for (const { what, from, to } of spoilt) {
      await table.store.put(table.file(segment), Uint8Array.from(whole).fill(0xa5, from, to));
      await expect(table.compare(asked), what).rejects.toMatchObject(damaged);
    }
  });
});

describe("a ledger whose table has changed since", () => {
  it("tells that a file is missing, and the newest version has all of them", async () => {
    const table = await LedgerTable.create(new LocalStore(await temporaryFolder()), engine, session);
    await table.land(landedFiles(0, 300));
    const old = await table.ledger(await table.snapshot());
    table.clock.forward(2 * HOUR);
    await table.land(landedFiles(300, 600));
    table.clock.forward(2 * HOUR);
    await table.land([landedFile(900)]);
    table.clock.forward(2 * HOUR);
    await table.land([landedFile(901)]);
    expect(isLedgerFileMissing(await thrown(old.compare(session, asked)))).toBe(true);
    expect((await table.compare(asked)).unchanged).toHaveLength(900);
  });

  it("that forgets transactions is refused once it has forgotten the ledger's", async () => {
    const retention = { "delta.setTransactionRetentionDuration": "interval 1 days" };
    const table = await LedgerTable.create(
      new LocalStore(await temporaryFolder()),
      engine,
      session,
      retention,
    );
    expect((await table.compare(asked)).fresh).toHaveLength(900);
    // What is left when another writer has left the transaction out of its checkpoint.
    await table.stage(await table.snapshot(), [landedFile(1)]);
    await expect(table.compare(asked)).rejects.toMatchObject({
      kind: "corrupt",
      code: "ledger-forgotten",
      message: expect.stringContaining("delta.setTransactionRetentionDuration"),
    });
  });
});
