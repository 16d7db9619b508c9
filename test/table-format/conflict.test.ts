import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.js";
import { MemoryStore } from "../../object-store/index.js";
import {
  type Action,
  type CommitOutcome,
  DeltaTable,
  type Metadata,
  type StagedCommit,
  serializeCommit,
} from "../../table-format/index.js";
import { commitPath } from "../../table-format/log/log-path.js";
import { version } from "../../table-format/log/version.js";
import { BY_LEVEL, EVERYWHERE } from "./conflict-pairs.js";
import {
  A,
  add,
  append,
  B,
  C,
  compare,
  file,
  identitySchema,
  info,
  mappedSchema,
  metadata,
  PROTOCOL,
  reading,
  remove,
  rewrite,
  staged,
  update,
} from "./conflict-table.js";

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open({ threads: 1 });
});
afterAll(() => engine.close());

/** Commits what was staged against version 0, after winners took the versions from 1 on. */
async function outcomeOf(
  ours: StagedCommit,
  winners: readonly (readonly Action[])[],
  table: Metadata = metadata(),
): Promise<CommitOutcome> {
  const store = new MemoryStore();
  const entries = [
    [PROTOCOL, { kind: "metaData", metaData: table } as const, ...[A, B, C].map(add)],
    ...winners,
  ];
  const [first = []] = entries;
  const put = async (at: number, actions: readonly Action[]): Promise<void> => {
    await store.putIfAbsent(commitPath(version(at)), new TextEncoder().encode(serializeCommit(actions)));
  };
  await put(0, first);
  const delta = new DeltaTable({ store, engine });
  const read = await delta.snapshot();
  for (const [index, winner] of winners.entries()) await put(index + 1, winner);
  try {
    return await delta.commit(read, ours);
  } finally {
    await delta.release();
  }
}

const SERIALIZABLE = metadata({ "delta.isolationLevel": "Serializable" });

describe.each([
  ["WriteSerializable", metadata()],
  ["Serializable", SERIALIZABLE],
])("conflicts of a table that is %s", (_, table) => {
  it.each(EVERYWHERE.map(([what, ours, winner, reason]) => ({ what, ours, winner, reason })))(
    "$what",
    async ({ ours, winner, reason }) => {
      await expectPair(ours, winner, reason, table);
    },
  );
});

describe("isolation levels", () => {
  it.each(BY_LEVEL)("%s", async (_what, ours, winner, writeSerializable, serializable) => {
    await expectPair(ours, winner, writeSerializable, metadata());
    await expectPair(ours, winner, serializable, SERIALIZABLE);
  });

  it("are strictest where the property is not understood", async () => {
    const odd = metadata({ "delta.isolationLevel": "Sequential" });
    const ours = { ...update, ...reading(compare("p", "=", 1)) };
    await expectPair(ours, append("y", "1", [0, 9]), "rows-added", odd);
  });
});

async function expectPair(
  ours: Partial<StagedCommit>,
  winner: readonly Action[],
  reason: string | undefined,
  table: Metadata,
): Promise<void> {
  const outcome = await outcomeOf(staged(ours), [winner], table);
  expect(outcome.status === "conflict" ? outcome.conflict.reason : undefined).toBe(reason);
  expect(outcome.version).toBe(reason === undefined ? 2n : 1n);
}

describe("rows appended blindly", () => {
  const ours = staged({ ...update, ...reading(compare("p", "=", 1)) });
  const appended = append("y", "1", [0, 9]);
  const elsewhere = file("z", "2", [0, 9]);
  const reasonAfter = async (later: readonly Action[]): Promise<string | undefined> => {
    const outcome = await outcomeOf(ours, [appended, later]);
    return outcome.status === "conflict" ? outcome.conflict.reason : undefined;
  };

  it("may come later than the log has them until a commit rests on them", async () => {
    // It read them, and what it read may have been changed by ours: there is no order of the three.
    expect(await reasonAfter([info("MERGE", { readVersion: 1 }), add(elsewhere)])).toBe("rows-added");
    expect(await reasonAfter([info("MERGE"), add(elsewhere)])).toBe("rows-added");
    const moved = [info("UPDATE", { readVersion: 1 }), remove(file("y", "1", [0, 9])), add(elsewhere)];
    expect(await reasonAfter(moved)).toBe("rows-added");
  });

  it("are not rested on by what did not see them, or found none of them", async () => {
    expect(await reasonAfter([info("MERGE", { readVersion: 0 }), add(elsewhere)])).toBeUndefined();
    const updated = [info("UPDATE", { readVersion: 1 }), remove(C), add(elsewhere)];
    expect(await reasonAfter(updated)).toBeUndefined();
    expect(await reasonAfter(append("z", "2", [0, 9]))).toBeUndefined();
    const moved = { ...C, dataChange: false, path: "z" };
    expect(
      await reasonAfter([info("OPTIMIZE", { readVersion: 1 }), remove(C, { dataChange: false }), add(moved)]),
    ).toBeUndefined();
  });
});

describe("a table with an identity column", () => {
  const table = metadata({}, identitySchema(5));
  const given: Action[] = [
    info("WRITE", { isBlindAppend: true }),
    { kind: "metaData", metaData: metadata({}, identitySchema(9)) },
    add(file("y", "1", [6, 9])),
  ];
  const ours = { ...update, ...reading(compare("p", "=", 1)) };

  it("lets what gives out no value follow what did", async () => {
    await expectPair(ours, given, undefined, table);
  });

  it("gives out values to one at a time", async () => {
    await expectPair(
      { ...ours, metadata: metadata({}, identitySchema(7)) },
      given,
      "metadata-changed",
      table,
    );
  });

  it("is changed by more than that", async () => {
    const changed = metadata({ "delta.appendOnly": "true" }, identitySchema(9));
    await expectPair(ours, [{ kind: "metaData", metaData: changed }], "metadata-changed", table);
  });
});

describe("a table with column mapping", () => {
  const table = metadata({ "delta.columnMapping.mode": "name" }, mappedSchema());
  const elsewhere = (p: string, least: number): Action[] => [
    info("MERGE"),
    add({
      ...file("y", p, undefined),
      partitionValues: { "c-p": p },
      stats: JSON.stringify({ numRecords: 1, minValues: { "c-n": least }, maxValues: { "c-n": 99 } }),
    }),
  ];
  const read = { kind: "and", operands: [compare("p", "=", 1), compare("N", "<", 5)] } as const;
  const ours = { ...update, ...reading(read) };

  it("has partitions and statistics under other names", async () => {
    await expectPair(ours, elsewhere("2", 0), undefined, table);
    await expectPair(ours, elsewhere("1", 50), undefined, table);
  });

  it("is told of by the names that its users know", async () => {
    expect(await outcomeOf(staged(ours), [elsewhere("1", 0)], table)).toMatchObject({
      conflict: {
        message: expect.stringMatching(/^version 1 .* file y, partition p=1$/),
        partition: { p: "1" },
      },
    });
  });

  it("is overwritten a partition at a time", async () => {
    const strict = metadata(
      { ...table.configuration, "delta.isolationLevel": "Serializable" },
      mappedSchema(),
    );
    const replaces = { kind: "partitions", partitions: [{ "c-p": "1" }] } as const;
    await expectPair({ replaces }, elsewhere("1", 0), "replaced-rows-changed", strict);
    await expectPair({ replaces }, elsewhere("2", 0), undefined, strict);
  });
});

describe("a conflict", () => {
  const ours = staged({ ...update, ...reading(compare("p", "=", 1)) });

  it("says what was lost to", async () => {
    const winner = rewrite(C, file("p=1/y", "1", [0, 9]));
    expect(await outcomeOf(ours, [append("x", "1", [0, 9]), winner])).toEqual({
      status: "conflict",
      version: 2n,
      conflict: {
        reason: "rows-added",
        message:
          "version 2 (UPDATE by Apache-Spark/4.0.0 Delta-Lake/4.0.0) added rows that this one could have read: file p=1/y, partition p=1",
        winner: {
          version: 2n,
          operation: "UPDATE",
          writer: "Apache-Spark/4.0.0 Delta-Lake/4.0.0",
          timestamp: 1_700_000_000_000,
        },
        file: "p=1/y",
        partition: { p: "1" },
      },
    });
  });

  it("names what it can of a commit that tells nothing of itself", async () => {
    const outcome = await outcomeOf(ours, [[remove(A)]]);
    expect(outcome).toMatchObject({
      conflict: {
        message: "version 1 changed a file that this one changes too: file p=1/a, partition p=1",
        winner: { version: 1n, operation: undefined, writer: undefined, timestamp: undefined },
      },
    });
  });

  it("is the first of several", async () => {
    const winners = [
      append("x", "1", [0, 9]),
      rewrite(C, file("y", "1", [0, 9])),
      rewrite(A, file("z", "2", [0, 9])),
    ];
    expect(await outcomeOf(ours, winners)).toMatchObject({ version: 2n, conflict: { reason: "rows-added" } });
  });

  it("is found among very many winners, and none is where none is", async () => {
    const winners = Array.from({ length: 300 }, (_, n) =>
      rewrite(file(`f${n}`, "2", [0, 9]), file(`f${n + 1}`, "2", [0, 9])),
    );
    expect(await outcomeOf(ours, winners)).toMatchObject({ status: "committed", version: 301n, attempts: 2 });
    const last = rewrite(C, file("y", "1", [0, 9]));
    expect(await outcomeOf(ours, [...winners, last])).toMatchObject({ status: "conflict", version: 301n });
  });
});
