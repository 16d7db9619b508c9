import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ObjectStore, openStore, objectPath as p, type S3Options } from "../../object-store/index.js";
import { partsOf } from "../../object-store/s3/s3-multipart.js";
import { seededRandom } from "../concurrency/seeded-random.js";
import { contentsOf } from "../support/object-stores.js";
import { type Fault, type S3Endpoint, startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const MiB = 1024 * 1024;
const LARGE = 20 * MiB + 12_345;
const SEED = 6;

interface Scene {
  readonly endpoint: S3Endpoint;
  readonly store: ObjectStore;
  readonly folder: string;
}

async function scene(options: S3Options = {}): Promise<Scene> {
  const endpoint = await startS3Endpoint();
  onTestFinished(() => endpoint.close());
  const store = openStore(`s3://${endpoint.bucket}/t`, { s3: { ...endpoint.s3Options, ...options } });
  return { endpoint, store, folder: await temporaryFolder() };
}

/** A file of random bytes, and their hash. */
async function randomFile(
  folder: string,
  name: string,
  size: number,
): Promise<{ file: string; hash: string }> {
  const random = seededRandom(SEED);
  const bytes = new Uint32Array(Math.ceil(size / 4)).map(() => random() * 2 ** 32);
  const data = Buffer.from(bytes.buffer, 0, size);
  const file = join(folder, name);
  await writeFile(file, data);
  return { file, hash: hashOf(data) };
}

function hashOf(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

describe("the parts of a file", () => {
  test.each([
    [16 * MiB + 1, 3, 8 * MiB],
    [24 * MiB, 3, 8 * MiB],
    [80_000 * MiB, 10_000, 8 * MiB],
    [80_000 * MiB + 1, 8_889, 9 * MiB],
    [5 * MiB * MiB, 9_987, 525 * MiB],
  ])("of %i bytes are %i, of %i bytes", (size, count, each) => {
    const parts = partsOf(size);
    expect({ count: parts.length, each: parts[0]?.length }).toEqual({ count, each });
    let offset = 0;
    for (const [i, part] of parts.entries()) {
      expect(part).toMatchObject({ number: i + 1, offset });
      offset += part.length;
    }
    expect(offset).toBe(size);
  });
});

test("files up to 16 MiB go in one request, larger ones in parts", async () => {
  const { endpoint, store, folder } = await scene();
  const small = await randomFile(folder, "small", 16 * MiB);
  const large = await randomFile(folder, "large", LARGE);
  await store.adopt([
    { localFile: small.file, path: p("small") },
    { localFile: large.file, path: p("x=1/large") },
  ]);
  expect(endpoint.counts.total().byOperation).toEqual({
    PutObject: 1,
    CreateMultipartUpload: 1,
    UploadPart: 3,
    CompleteMultipartUpload: 1,
  });
  expect(hashOf(await store.get(p("small")))).toBe(small.hash);
  expect(hashOf(await store.get(p("x=1/large")))).toBe(large.hash);
  expect([small, large].filter(({ file }) => existsSync(file))).toEqual([]);
  expect(endpoint.uploads()).toEqual([]);
});

test("an upload in parts is encrypted as asked", async () => {
  const { endpoint, store, folder } = await scene({ encryption: { kind: "kms", keyId: "key/1" } });
  const { file } = await randomFile(folder, "large", LARGE);
  await store.adopt([{ localFile: file, path: p("large") }]);
  const created = endpoint.counts.total().log.filter((entry) => entry.operation === "CreateMultipartUpload");
  expect(created.map(({ headers }) => headers)).toEqual([
    expect.objectContaining({
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "key/1",
    }),
  ]);
});

test("more files than are uploaded at once", async () => {
  const { store, folder } = await scene({ connections: 2 });
  const files = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const localFile = join(folder, String(i));
      await writeFile(localFile, String(i));
      return { localFile, path: p(`f/${i}`) };
    }),
  );
  await store.adopt(files);
  expect(await contentsOf(store)).toEqual(Object.fromEntries(files.map(({ path }, i) => [path, String(i)])));
});

const PASSING: readonly Fault[] = [
  { kind: "error", code: "InternalError" },
  { kind: "error", code: "SlowDown" },
  { kind: "reset-on-arrival" },
  { kind: "answer-lost" },
];

describe.each(["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"] as const)(
  "%s",
  (operation) => {
    test.each(PASSING)("fails once (%o): the upload goes on", async (fault) => {
      const { endpoint, store, folder } = await scene();
      const { file, hash } = await randomFile(folder, "large", LARGE);
      let isMet = false;
      endpoint.faults.plan = (request) => {
        if (isMet || request.operation !== operation) return undefined;
        isMet = true;
        return fault;
      };
      await store.adopt([{ localFile: file, path: p("large") }]);
      expect(isMet).toBe(true);
      expect(hashOf(await store.get(p("large")))).toBe(hash);
      expect(existsSync(file)).toBe(false);
    });

    test("fails for good: no object, no parts, and the file is still there", async () => {
      const { endpoint, store, folder } = await scene({ attempts: 2 });
      const { file } = await randomFile(folder, "large", LARGE);
      endpoint.faults.plan = (request) =>
        request.operation === operation ? { kind: "error", code: "InternalError" } : undefined;
      await expect(store.adopt([{ localFile: file, path: p("large") }])).rejects.toMatchObject({
        kind: "unavailable",
        code: "service-failed",
      });
      expect({ objects: endpoint.objects(), uploads: endpoint.uploads() }).toEqual({
        objects: [],
        uploads: [],
      });
      expect(existsSync(file)).toBe(true);
    });

    test("cancelled: no object, no parts, and the file is still there", async () => {
      const { endpoint, store, folder } = await scene();
      const { file } = await randomFile(folder, "large", LARGE);
      const controller = new AbortController();
      endpoint.faults.plan = (request) => {
        if (request.operation !== operation) return undefined;
        queueMicrotask(() => controller.abort());
        return { kind: "reset-on-arrival" };
      };
      const adopting = store.adopt([{ localFile: file, path: p("large") }], { signal: controller.signal });
      await expect(adopting).rejects.toMatchObject({ kind: "cancelled" });
      expect({ objects: endpoint.objects(), uploads: endpoint.uploads() }).toEqual({
        objects: [],
        uploads: [],
      });
      expect(existsSync(file)).toBe(true);
    });
  },
);

test("an upload that was begun without anybody knowing is given up with it", async () => {
  const { endpoint, store, folder } = await scene({ attempts: 2 });
  const { file } = await randomFile(folder, "large", LARGE);
  endpoint.faults.plan = ({ operation }) =>
    operation === "CreateMultipartUpload" ? { kind: "answer-lost" } : undefined;
  await expect(store.adopt([{ localFile: file, path: p("large") }])).rejects.toMatchObject({
    kind: "unavailable",
  });
  expect(endpoint.counts.total().byOperation).toMatchObject({ AbortMultipartUpload: 2 });
  expect(endpoint.uploads()).toEqual([]);
});

test("an upload that fails in parts that cannot be removed says so", async () => {
  const { endpoint, store, folder } = await scene({ attempts: 1 });
  const { file } = await randomFile(folder, "large", LARGE);
  endpoint.faults.plan = ({ operation }) =>
    operation === "UploadPart" || operation === "AbortMultipartUpload"
      ? { kind: "error", code: "InternalError" }
      : undefined;
  await expect(store.adopt([{ localFile: file, path: p("large") }])).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringContaining("nor remove the parts"),
    hint: expect.any(String),
    context: { object: "s3://lake/t/large", uploadId: expect.any(String) },
  });
});

test("a folder is no file", async () => {
  const { endpoint, store, folder } = await scene();
  await mkdir(join(folder, "sub"));
  await expect(store.adopt([{ localFile: join(folder, "sub"), path: p("a") }])).rejects.toMatchObject({
    kind: "invalid-input",
    code: "not-a-file",
  });
  expect(endpoint.counts.total().requests).toBe(0);
});
