import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import path from "node:path";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Lake, openLake, type S3Options } from "../../src/index.js";
import { grizzly } from "../support/grizzly.js";
import { type S3Endpoint, startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// Keys, tokens and signatures are in no text that this software makes and in no byte that it writes.

const KEYS = {
  accessKeyId: "ASIAOFNOBODYATALL001",
  secretAccessKey: "wJalr/of+nobody=at&all%20key",
  sessionToken: "FwoGZXIvYXdzE+of/nobody==at-all",
};
/** How requests are signed. */
const SIGNING = /AWS4-HMAC-SHA256|x-amz-signature|x-amz-security-token|Authorization:|aws4_request/i;

/** A secret in all the ways in which it may stand in a text. */
function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  return [secret, json, encodeURIComponent(secret), Buffer.from(secret).toString("base64")];
}

const SPELLED = Object.entries(KEYS).flatMap(([name, secret]) =>
  spellings(secret).map((text) => [name, text] as const),
);

/** What is secret in a text or in the bytes of a file, by name. */
function secretsIn(content: string | Uint8Array): string[] {
  const text = typeof content === "string" ? content : Buffer.from(content).toString("latin1");
  const found = SPELLED.filter(([, spelled]) => text.includes(spelled)).map(([name]) => name);
  return [...new Set(SIGNING.test(text) ? [...found, "signature"] : found)];
}

/** Everything that a user, a log or a debugger may be shown of a value. */
function printed(value: unknown): string {
  const digits = (_: string, each: unknown): unknown => (typeof each === "bigint" ? String(each) : each);
  const stack = value instanceof Error ? (value.stack ?? "") : "";
  return `${inspect(value, { depth: 20, showHidden: true, getters: true })} ${JSON.stringify(value, digits)} ${stack}`;
}

function expectNone(what: string, value: unknown): void {
  expect(secretsIn(typeof value === "string" ? value : printed(value)), what).toEqual([]);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

/** Looks through names and bytes, and through the rows and the footers of Parquet files, whose pages are compressed. */
async function expectNoneBelow(folder: string): Promise<string[]> {
  const files = await filesBelow(folder);
  const reader = await openLake(path.join(await temporaryFolder(), "reader"));
  try {
    for (const file of files) {
      expectNone(file, file);
      const bytes = await readFile(file);
      expect(secretsIn(bytes), file).toEqual([]);
      if (bytes.subarray(-4).toString("latin1") !== "PAR1") continue;
      // A copy of a part of a file has the name of no Parquet file, and pages that are not there.
      if (!file.endsWith(".parquet")) continue;
      expectNone(file, await rows(reader, `SELECT t::VARCHAR AS row FROM '${file}' AS t`));
    }
  } finally {
    await reader.close();
  }
  return files;
}

async function rows(lake: Lake, sql: string): Promise<unknown[]> {
  return (await lake.sql(sql)).toArray();
}

interface Bench {
  readonly endpoint: S3Endpoint;
  readonly folder: string;
  readonly cache: string;
  /** Options without keys where the environment holds them. */
  readonly s3: S3Options;
  open(s3?: S3Options, uri?: string): Promise<Lake>;
  /** What the logger of all lakes was told. */
  readonly logged: string[];
}

async function bench(keysFrom: "options" | "environment"): Promise<Bench> {
  const folder = await temporaryFolder();
  const cache = path.join(folder, "cache");
  const endpoint = await startS3Endpoint({ folder: path.join(folder, "service"), credentials: KEYS });
  onTestFinished(() => endpoint.close());
  const { credentials, ...rest } = endpoint.s3Options;
  if (keysFrom === "environment") {
    for (const [name, value] of Object.entries(environmentOf(endpoint))) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
  }
  const s3: S3Options = { attempts: 2, timeoutMs: 2_000, ...rest };
  const logged: string[] = [];
  const logger = { info: (line: string) => logged.push(line), warn: (line: string) => logged.push(line) };
  const open = async (more: S3Options = {}, uri = "s3://lake/house"): Promise<Lake> => {
    const keys = keysFrom === "options" ? { credentials } : {};
    const lake = await openLake(uri, {
      s3: { ...s3, ...keys, ...more },
      cache: { directory: cache },
      logger,
      threads: 1,
    });
    onTestFinished(() => lake.close());
    return lake;
  };
  return { endpoint, folder, cache, s3, open, logged };
}

function environmentOf({ url }: S3Endpoint): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    AWS_SESSION_TOKEN: KEYS.sessionToken,
  };
}

test("the search finds what it looks for", () => {
  const { accessKeyId, secretAccessKey, sessionToken } = KEYS;
  expect(secretsIn(`?key=${encodeURIComponent(secretAccessKey)}`)).toEqual(["secretAccessKey"]);
  expect(secretsIn(printed(new Error("no", { cause: { sessionToken } })))).toEqual(["sessionToken"]);
  expect(secretsIn(Buffer.from(`Authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/2025`))).toEqual([
    "accessKeyId",
    "signature",
  ]);
});

describe.each(["options", "environment"] as const)("keys from the %s", (keysFrom) => {
  test("nothing that is written or told of work that succeeds holds them", async () => {
    const { endpoint, folder, cache, open, logged } = await bench(keysFrom);
    endpoint.put("raw/a.jsonl", Buffer.from('{"n": 1, "text": "one"}\n{"n": "two"}\n'));
    const lake = await open();
    const ingested = await lake.ingest(["s3://lake/raw/"], { into: "t", sourceColumn: true, rescue: true });
    expectNone("the report of an ingest", ingested);
    for await (const event of lake.watch(["s3://lake/raw/"], { into: "watched", pollMs: 1, settleMs: 0 })) {
      expectNone("an event of a watch", event);
      if (event.kind === "caught-up") break;
    }
    await rows(lake, "CREATE TABLE big AS SELECT range AS n, md5(range::VARCHAR) AS text FROM range(20000)");
    await rows(lake, "UPDATE big SET text = 'other' WHERE n = 7");
    for (let n = 0; n < 10; n++) await rows(lake, `INSERT INTO big VALUES (${n}, 'more')`);
    const script = "BEGIN; INSERT INTO big VALUES (1, 'a'); INSERT INTO t (n) VALUES ('2'); COMMIT";
    for await (const result of lake.script(script)) await result.close();
    const fresh = await open();
    for (const sql of [
      "SELECT * FROM t",
      "SELECT max(text) FROM big WHERE n > 100",
      "EXPLAIN SELECT max(text) FROM big WHERE n > 100",
      "EXPLAIN ANALYZE SELECT min(text) FROM big WHERE n > 100",
      "SELECT * FROM 's3://lake/raw/*.jsonl'",
      "DESCRIBE HISTORY t",
      "DESCRIBE HISTORY big",
      "DESCRIBE DETAIL big",
    ]) {
      expectNone(sql, await rows(fresh, sql));
    }
    const table = await fresh.table("big");
    expectNone("a table", table);
    expectNone("its history", await table.history());
    expectNone("its description", await table.describe());
    expectNone("the report of fsck", await table.fsck({ deep: true }));
    await table.checkpoint();
    expectNone("the tables", await fresh.tables());
    expectNone("a lake", fresh);
    expectNone("the log", logged.join("\n"));

    const objects = await expectNoneBelow(path.join(folder, "service", "objects"));
    for (const part of ["_grizzly/ledger/", "_delta_log/", "_grizzly/catalog/", ".checkpoint.parquet"]) {
      expect(
        objects.filter((file) => file.includes(part)),
        part,
      ).not.toEqual([]);
    }
    expect(await expectNoneBelow(cache)).not.toEqual([]);
  });

  test("no error holds them, whatever fails", async () => {
    const { endpoint, open } = await bench(keysFrom);
    const writer = await open();
    await rows(writer, "CREATE TABLE t AS SELECT range AS n, md5(range::VARCHAR) AS text FROM range(20000)");
    const wrong = { ...KEYS, secretAccessKey: `${KEYS.secretAccessKey}x` };
    const unknown = { ...KEYS, accessKeyId: `${KEYS.accessKeyId}9` };
    const otherToken = { ...KEYS, sessionToken: `${KEYS.sessionToken}x` };
    const failures: readonly [string, () => Promise<Lake>][] = [
      ["credentials-refused", () => open({ credentials: wrong })],
      ["credentials-refused", () => open({ credentials: unknown })],
      ["credentials-refused", () => open({ credentials: otherToken })],
      ["wrong-region", () => open({ region: "eu-west-1" })],
      ["endpoint-down", () => open({ endpoint: "http://127.0.0.1:1" })],
      ["bucket-not-found", () => open({}, "s3://nowhere/house")],
      ["bucket-not-found", () => withFaults({ bucketsGone: true })],
      ["access-denied", () => withFaults({ denied: ["house/"] })],
      ["clock-skew", () => withFaults({ clockAheadMs: 3_600_000 })],
      ["throttled", () => withFaults({ throttles: [{ prefix: "house/", first: 1_000 }] })],
    ];
    const withFaults = async (switches: Parameters<typeof endpoint.faults.set>[0]): Promise<Lake> => {
      endpoint.faults.set(switches);
      return open();
    };
    for (const [code, opened] of failures) {
      const works: readonly ((lake: Lake) => Promise<unknown>)[] = [
        (lake) => rows(lake, "SELECT max(text) FROM t"),
        (lake) => rows(lake, "INSERT INTO t VALUES (1, 'x')"),
        (lake) => lake.ingest(["s3://lake/raw/"], { into: "landed" }),
        async (lake) => (await lake.table("t")).fsck(),
      ];
      for (const work of works) {
        const error = await opened()
          .then(work)
          .then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
        expect(error).toMatchObject({ code });
        expectNone(`${code}: ${String(error)}`, error);
      }
      endpoint.faults.clear();
    }
  });
});

test.each([KEYS.accessKeyId, "GK31c2f218a2e44f485b94239e"])(
  "a service that tells in its answer what it was sent is not quoted: %s",
  async (accessKeyId) => {
    const server = createServer((request, response) => {
      request.resume().on("end", () => response.writeHead(403).end(tellingAll(request, accessKeyId)));
    });
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const credentials = { ...KEYS, accessKeyId };
    const s3 = { endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", credentials, attempts: 1 };
    const error = await openLake("s3://lake/house", { s3 }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ kind: "unavailable", code: "credentials-refused" });
    const text = printed(error);
    expect(text).not.toContain(accessKeyId);
    for (const [name, spelled] of SPELLED) expect(text, name).not.toContain(spelled);
    expect(text).not.toMatch(/[0-9a-f]{64}/);
  },
);

/** As S3 answers where a signature does not match, and more of it. */
function tellingAll({ headers }: IncomingMessage, accessKeyId: string): string {
  const { authorization = "" } = headers;
  const signature = /Signature=(\w+)/.exec(authorization)?.[1] ?? "";
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SignatureDoesNotMatch</Code>
    <Message>The signature of ${accessKeyId} does not match: ${authorization}; X-Amz-Security-Token: ${String(headers["x-amz-security-token"])}</Message>
    <AWSAccessKeyId>${accessKeyId}</AWSAccessKeyId><SignatureProvided>${signature}</SignatureProvided>
    <StringToSign>${authorization}</StringToSign><RequestId>7</RequestId></Error>`;
}

test("the command line tells none, as JSON and with all causes", async () => {
  const { endpoint, folder, cache } = await bench("options");
  endpoint.put("raw/a.jsonl", Buffer.from('{"n": 1}\n'));
  const good = { ...environmentOf(endpoint), GRIZZLY_CACHE_DIR: cache, GRIZZLY_LAKE: "s3://lake/house" };
  const cases: readonly [code: number, args: readonly string[], env: Record<string, string>][] = [
    [0, ["ingest", "s3://lake/raw/", "--into", "t", "--json"], good],
    [0, ["history", "t", "--json"], good],
    [0, ["describe", "t", "--verbose"], good],
    [0, ["fsck", "t"], good],
    [1, ["tables", "--json"], { ...good, AWS_SECRET_ACCESS_KEY: `${KEYS.secretAccessKey}x` }],
    [1, ["tables", "--verbose"], { ...good, AWS_SECRET_ACCESS_KEY: `${KEYS.secretAccessKey}x` }],
    [1, ["tables", "--verbose"], { ...good, AWS_ENDPOINT_URL_S3: "http://127.0.0.1:1" }],
    [3, ["tables", "--json"], { ...good, GRIZZLY_LAKE: "s3://nowhere/house" }],
  ];
  for (const [code, args, env] of cases) {
    const finished = await grizzly(args, { cwd: folder, env });
    expect({ args, ...finished }).toMatchObject({ code });
    expectNone(args.join(" "), `${finished.stdout}${finished.stderr}`);
  }
});
