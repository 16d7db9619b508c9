import { describe, expect, test } from "vitest";
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from "../../core/index.js";
import { DamagedTable } from "./damaged-table.js";

// One kind of fault in what the log says at a time.

/** The add of a commit of {@link DamagedTable.ours}. */
async function addOf(table: DamagedTable, version: number): Promise<JsonObject> {
  for (const { add } of await table.actions(version)) if (isJsonObject(add)) return add;
  throw new Error(`version ${version} adds nothing`);
}

const INLINE_VECTOR = {
  storageType: "i",
  pathOrInlineDv: "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
  sizeInBytes: 40,
  cardinality: 6,
};

function features(names: readonly string[], readers: readonly string[] = []): JsonObject {
  return {
    minReaderVersion: readers.length === 0 ? 1 : 3,
    minWriterVersion: 7,
    writerFeatures: names,
    ...(readers.length === 0 ? {} : { readerFeatures: readers }),
  };
}

describe("file actions", () => {
  test.each([
    ["path", undefined, "path is missing"],
    ["size", undefined, "size is missing"],
    ["size", "12", "size is not a whole number"],
    ["partitionValues", undefined, "partitionValues is missing"],
    ["partitionValues", { day: 3 }, "partitionValues is not an object of strings"],
    ["modificationTime", undefined, "modificationTime is missing"],
    ["dataChange", "yes", "dataChange is not true or false"],
    ["stats", { numRecords: 2 }, "stats is not a string"],
    ["deletionVector", { storageType: "x" }, "deletionVector is not a deletion vector descriptor"],
    ["baseRowId", 1.5, "baseRowId is not a whole number"],
  ] as const)("an add whose %s is %j is damage", async (field, value, message) => {
    const table = await DamagedTable.ours();
    await table.editAction(1, "add", (add) => ({ ...add, [field]: value }));
    expect(await table.findings("action-field")).toMatchObject([
      {
        severity: "damage",
        message: expect.stringContaining(message),
        place: { file: table.commit(1), version: 1n, line: expect.any(Number) },
        remedy: expect.stringContaining("Restore the table"),
      },
    ]);
  });

  test("an add without dataChange is a warning", async () => {
    const table = await DamagedTable.ours();
    await table.editAction(1, "add", (add) => ({ ...add, dataChange: undefined }));
    const report = await table.check();
    expect(report).toMatchObject({
      verdict: "sound",
      findings: [{ code: "data-change-missing", place: { version: 1n } }],
    });
  });

  test("an action of an unknown kind is a warning", async () => {
    const table = await DamagedTable.ours();
    await table.editCommit(1, (actions) => [...actions, { adds: {} }]);
    expect(await table.findings("action-unknown")).toMatchObject([
      { message: 'there is no action "adds"', place: { file: table.commit(1) } },
    ]);
  });

  test("a file that one commit adds twice is damage, however its path is spelt", async () => {
    const table = await DamagedTable.ours();
    const add = await addOf(table, 1);
    await table.editCommit(1, (actions) => [...actions, { add: { ...add, path: `./${add["path"]}` } }]);
    expect(await table.findings("file-added-twice")).toMatchObject([
      { place: { file: table.commit(1), version: 1n } },
    ]);
  });

  test("a file that is live with two deletion vectors is damage", async () => {
    const table = await DamagedTable.ours();
    const add = await addOf(table, 1);
    await table.editCommit(2, (actions) => [...actions, { add: { ...add, deletionVector: INLINE_VECTOR } }]);
    expect(await table.findings("file-live-twice")).toMatchObject([
      { message: expect.stringContaining("live 2 times"), place: { file: await table.dataFile(1) } },
    ]);
  });

  test("a file that one commit adds and removes is damage", async () => {
    const table = await DamagedTable.ours();
    const { path } = await addOf(table, 1);
    await table.editCommit(1, (actions) => [
      ...actions,
      { remove: { path, dataChange: true, deletionTimestamp: 1 } },
    ]);
    expect(await table.findings("file-added-and-removed")).toMatchObject([{ place: { version: 1n } }]);
  });

  test("a change data file without a path is damage", async () => {
    const table = await DamagedTable.ours();
    await table.editCommit(1, (actions) => [...actions, { cdc: { size: 1 } }]);
    expect(await table.findings("action-field")).toMatchObject([
      { message: "the cdc has no path", place: { file: table.commit(1), version: 1n } },
    ]);
  });

  test("a file that is removed and was not there is a warning", async () => {
    const table = await DamagedTable.ours();
    await table.editCommit(2, (actions) => [
      ...actions,
      { remove: { path: "never.parquet", dataChange: true } },
    ]);
    expect(await table.findings("file-removed-unknown")).toMatchObject([
      { severity: "warning", message: "the commit removes never.parquet, which the table did not hold" },
    ]);
  });
});

describe("the table as a whole", () => {
  test.each(["protocol", "metaData"])("a log without %s is damage", async (kind) => {
    const table = await DamagedTable.ours();
    await table.editCommit(0, (actions) => actions.filter((action) => action[kind] === undefined));
    expect(await table.findings("state-missing")).toMatchObject([
      { message: `the log holds no ${kind} action` },
    ]);
  });

  test("metadata without a schema is damage at its line", async () => {
    const table = await DamagedTable.ours();
    await table.editAction(0, "metaData", (metaData) => ({ ...metaData, schemaString: undefined }));
    expect(await table.findings("action-field")).toMatchObject([
      { message: "metaData has no schemaString", place: { file: table.commit(0), line: expect.any(Number) } },
    ]);
  });

  test.each([
    ["is no JSON", "{", "schema-broken", /not JSON/],
    [
      "has a type that nobody knows",
      '{"type":"struct","fields":[{"name":"a","type":"quux","nullable":true,"metadata":{}}]}',
      "schema-unsupported",
      /quux/,
    ],
    [
      "has a column twice",
      '{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}},{"name":"A","type":"long","nullable":true,"metadata":{}}]}',
      "schema-broken",
      /differ in case only/,
    ],
  ] as const)("a schema that %s is a finding", async (_what, schemaString, code, message) => {
    const table = await DamagedTable.ours();
    await table.editAction(0, "metaData", (metaData) => ({ ...metaData, schemaString }));
    expect(await table.findings(code)).toMatchObject([
      { message: expect.stringMatching(message), place: { version: 0n } },
    ]);
  });

  test.each([
    [
      "feature lists beside old versions",
      { minReaderVersion: 1, minWriterVersion: 2, writerFeatures: ["appendOnly"] },
      "protocol-invalid",
      /writer version 2 has no list/,
    ],
    [
      "a reader feature that writers lack",
      features(["appendOnly"], ["deletionVectors"]),
      "protocol-invalid",
      /deletionVectors is not among the writer features/,
    ],
    [
      "a version that does not exist",
      { minReaderVersion: 0, minWriterVersion: 2 },
      "protocol-invalid",
      /no reader version 0/,
    ],
    [
      "a version of the future",
      { minReaderVersion: 4, minWriterVersion: 8 },
      "feature-unsupported",
      /reader version 4/,
    ],
    [
      "a feature that nobody knows",
      features(["timeMachine"]),
      "feature-unsupported",
      /the feature timeMachine, which this release does not know/,
    ],
    [
      "a feature without what it needs",
      features(["rowTracking"]),
      "feature-missing",
      /rowTracking needs domainMetadata/,
    ],
  ] as const)("a protocol with %s is a finding", async (_what, protocol, code, message) => {
    const table = await DamagedTable.ours();
    await table.editAction(0, "protocol", () => protocol);
    const report = await table.check();
    expect(report.verdict).not.toBe("sound");
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        code,
        message: expect.stringMatching(message),
        place: expect.objectContaining({ file: table.commit(0), version: 0n }),
      }),
    );
  });

  test("an unknown feature alone makes no damage", async () => {
    const table = await DamagedTable.ours();
    await table.editAction(0, "protocol", () => features(["timeMachine"]));
    expect((await table.check()).verdict).toBe("unsupported");
  });

  test("what the metadata uses and the protocol lacks is damage", async () => {
    const table = await DamagedTable.ours();
    await table.editAction(0, "metaData", (metaData) => ({
      ...metaData,
      configuration: { "delta.enableDeletionVectors": "true" },
    }));
    expect(await table.findings("feature-missing")).toMatchObject([
      { message: expect.stringContaining("deletionVectors") },
    ]);
  });

  test("a domain, and a deletion vector, without their features are damage", async () => {
    const table = await DamagedTable.ours();
    await table.editCommit(1, (actions) => [
      ...actions,
      { domainMetadata: { domain: "ours", configuration: "", removed: false } },
    ]);
    await table.editAction(2, "add", (add) => ({ ...add, deletionVector: INLINE_VECTOR }));
    expect((await table.findings("feature-missing")).map(({ message }) => message)).toEqual([
      expect.stringContaining("domain ours needs"),
      expect.stringContaining("deletion vector"),
    ]);
  });

  test.each([
    ["no id", "delta.columnMapping.id", undefined, "the column has no id"],
    ["no physical name", "delta.columnMapping.physicalName", undefined, "the column has no physical name"],
    ["an id above the greatest", "delta.columnMapping.id", 9_999, "delta.columnMapping.maxColumnId is"],
  ] as const)("a mapped column with %s is damage", async (_what, key, value, message) => {
    const table = await DamagedTable.copyOf("spark/column-mapping-overwritten");
    await editFirstField(table, (metadata) => ({ ...metadata, [key]: value }));
    expect(await table.findings("column-mapping")).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining(message),
        place: expect.objectContaining({ column: expect.any(String) }),
      }),
    );
  });

  test("a partition column that the schema lacks is damage", async () => {
    const table = await DamagedTable.ours();
    await table.editAction(0, "metaData", (metaData) => ({ ...metaData, partitionColumns: ["day", "hour"] }));
    expect(await table.findings("partition-column")).toMatchObject([
      { message: "the schema has no column hour", place: { column: "hour", version: 0n } },
    ]);
  });

  test.each([
    ["missing", {}, /has no value for the partition column day$/],
    [
      "of another type",
      { day: "noon" },
      /has the value "noon" for the partition column day, which is no date$/,
    ],
  ])("a partition value that is %s is damage", async (_what, partitionValues, message) => {
    const table = await DamagedTable.ours();
    await table.editAction(1, "add", (add) => ({ ...add, partitionValues }));
    expect(await table.findings("partition-value")).toMatchObject([
      {
        message: expect.stringMatching(message),
        place: { file: table.commit(1), version: 1n, column: "day" },
      },
    ]);
  });

  test.each([
    ["names no column", "nothing > 0", "expression-invalid", "damage"],
    ["calls what nobody knows", "frobnicate(id) > 0", "expression-unsupported", "warning"],
  ] as const)("a constraint that %s is a finding", async (_what, text, code, severity) => {
    const table = await DamagedTable.ours();
    await table.editAction(0, "protocol", () => ({ minReaderVersion: 1, minWriterVersion: 3 }));
    await table.editAction(0, "metaData", (metaData) => ({
      ...metaData,
      configuration: { "delta.constraints.some": text },
    }));
    expect(await table.findings(code)).toMatchObject([
      { severity, message: expect.stringContaining(`the constraint some (${text})`), place: { version: 0n } },
    ]);
  });
});

describe("what writers give out", () => {
  test("in-commit timestamps that are missing, out of order or not first are damage", async () => {
    const table = await DamagedTable.copyOf("spark/in-commit-timestamps");
    await table.editCommit(1, (actions) => [...actions.slice(1), ...actions.slice(0, 1)]);
    await table.editAction(2, "commitInfo", (info) => ({ ...info, inCommitTimestamp: 5 }));
    expect(
      (await table.findings("commit-time")).map(({ message, place }) => [place.version, message]),
    ).toEqual([
      [1n, "the commitInfo is not the first action of the commit"],
      [2n, expect.stringMatching(/^the commit's inCommitTimestamp 5 is not after \d+/)],
    ]);
    await table.editAction(2, "commitInfo", (info) => ({ ...info, inCommitTimestamp: undefined }));
    expect((await table.findings("commit-time")).map(({ message }) => message)).toContain(
      "the commit has no inCommitTimestamp, which the table asks for",
    );
  });

  test("row ids that are missing, shared or above the mark are damage", async () => {
    const table = await DamagedTable.copyOf("spark/row-tracking-dv");
    const edit = async (baseRowId: number | undefined): Promise<string[]> => {
      const version = (await table.check()).newestVersion;
      for (let at = Number(version); at >= 0; at--) {
        const adds = (await table.actions(at)).filter((action) => action["add"] !== undefined);
        if (adds.length === 0) continue;
        await table.editAction(at, "add", (add) => ({ ...add, baseRowId }));
        break;
      }
      return (await table.findings("row-id")).map(({ message }) => message);
    };
    expect(await edit(undefined)).toContainEqual(expect.stringContaining("no baseRowId"));
    expect(await edit(1_000_000)).toContainEqual(expect.stringContaining("the table gives out ids from"));
    expect(await edit(30)).toContainEqual(expect.stringContaining("are given out to"));
  });
});

/** Changes the metadata of the schema's first field in the newest metaData action. */
async function editFirstField(
  table: DamagedTable,
  edit: (metadata: JsonObject) => JsonObject,
): Promise<void> {
  for (let version = 3; version >= 0; version--) {
    const found = (await table.actions(version)).some((action) => action["metaData"] !== undefined);
    if (!found) continue;
    await table.editAction(version, "metaData", (metaData) => {
      const schema = parseJson(String(metaData["schemaString"]));
      if (!isJsonObject(schema) || !Array.isArray(schema["fields"])) throw new Error("no schema");
      const [first, ...rest] = schema["fields"];
      const fields = [{ ...first, metadata: edit(first.metadata) }, ...rest];
      return { ...metaData, schemaString: stringifyJson({ ...schema, fields }) };
    });
    return;
  }
}
