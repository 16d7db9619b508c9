import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  type Fault,
  type S3Endpoint,
  type S3EndpointOptions,
  startS3Endpoint,
  startS3EndpointProcess,
} from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { clientOf, describeS3Server, refusalOf } from "./s3-server-cases.js";

let shared: S3Endpoint;
beforeAll(async () => {
  shared = await startS3Endpoint();
});
afterAll(() => shared.close());

describeS3Server("the server of the tests", async () => shared);

interface Fixture {
  readonly endpoint: S3Endpoint;
  put(key: string, body: string, more?: object): Promise<unknown>;
  get(key: string, more?: object): Promise<string>;
}

async function fixture(options: S3EndpointOptions = {}): Promise<Fixture> {
  const endpoint = await startS3Endpoint(options);
  onTestFinished(() => endpoint.close());
  return { endpoint, ...callsOf(clientOf(endpoint.s3Options), endpoint.bucket) };
}

function callsOf(client: S3Client, Bucket: string): Pick<Fixture, "put" | "get"> {
  return {
    put: (Key, Body, more = {}) => client.send(new PutObjectCommand({ Bucket, Key, Body, ...more })),
    get: async (Key, more = {}) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ...more }));
      return (await Body?.transformToString()) ?? "";
    },
  };
}

/** The plan that has something go wrong once. */
function once(fault: Fault): () => Fault | undefined {
  let left: Fault | undefined = fault;
  return () => {
    const now = left;
    left = undefined;
    return now;
  };
}

describe("it checks who asks", () => {
  test("a token belongs to the keys, and is in no log", async () => {
    const credentials = { accessKeyId: "A", secretAccessKey: "B", sessionToken: "secret token" };
    const { endpoint, put } = await fixture({ credentials });
    await put("x", "1");
    expect(JSON.stringify(endpoint.counts.total())).not.toContain("secret token");
    const other = { ...endpoint.s3Options, credentials: { ...credentials, sessionToken: "other" } };
    const { get } = callsOf(clientOf(other), endpoint.bucket);
    expect(await refusalOf(get("x"))).toEqual({ status: 400, code: "InvalidToken" });
  });

  test("a clock that is more than 15 minutes off is refused", async () => {
    const { endpoint, put } = await fixture();
    const minute = 60_000;
    for (const ahead of [16, -16]) {
      endpoint.faults.set({ clockAheadMs: ahead * minute });
      const { put: fresh } = callsOf(clientOf(endpoint.s3Options), endpoint.bucket);
      expect(await refusalOf(fresh("x", "1"))).toEqual({ status: 403, code: "RequestTimeTooSkewed" });
    }
    endpoint.faults.set({ clockAheadMs: 14 * minute });
    await put("x", "1");
  });

  test("what was signed is what came", async () => {
    const { endpoint } = await fixture();
    const client = clientOf(endpoint.s3Options);
    client.middlewareStack.add(
      (next) => (args) => {
        // The request of the SDK, signed and not yet sent; this is the border.
        const request = args.request as { path: string };
        request.path = request.path.replace("signed", "sent");
        return next(args);
      },
      { step: "finalizeRequest", priority: "low" },
    );
    const { put } = callsOf(client, endpoint.bucket);
    expect(await refusalOf(put("signed", "1"))).toMatchObject({ code: "SignatureDoesNotMatch" });
    expect(endpoint.objects()).toEqual([]);
  });
});

describe("it counts", () => {
  test("requests by operation, ranges and bytes, in all and since a mark", async () => {
    const { endpoint, put, get } = await fixture();
    await put("a/b", "0123456789", { ServerSideEncryption: "aws:kms", SSEKMSKeyId: "key" });
    endpoint.counts.mark();
    await get("a/b", { Range: "bytes=2-4" });
    expect(await refusalOf(get("none"))).toMatchObject({ status: 404 });
    const since = endpoint.counts.sinceMark();
    expect(since).toMatchObject({ requests: 2, byOperation: { GetObject: 2 }, bytesIn: 0 });
    expect(since.log).toMatchObject([
      { operation: "GetObject", key: "a/b", range: "bytes=2-4", status: 206, bytesOut: 3 },
      { operation: "GetObject", key: "none", range: undefined, status: 404 },
    ]);
    const { log, ...all } = endpoint.counts.total();
    expect(all).toMatchObject({ requests: 3, bytesIn: 10, byOperation: { PutObject: 1, GetObject: 2 } });
    expect(log[0]?.headers).toMatchObject({
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "key",
    });
  });

  test("a bucket may be the first label of the host", async () => {
    const { endpoint } = await fixture();
    const client = clientOf({
      ...endpoint.s3Options,
      endpoint: `http://localhost:${endpoint.port}`,
      pathStyle: false,
    });
    // Not every machine resolves names below localhost.
    client.middlewareStack.add(
      (next) => (args) => {
        // The request of the SDK, signed and not yet sent; this is the border.
        const request = args.request as { hostname: string };
        expect(request.hostname).toBe(`${endpoint.bucket}.localhost`);
        request.hostname = "127.0.0.1";
        return next(args);
      },
      { step: "finalizeRequest", priority: "low" },
    );
    const { put, get } = callsOf(client, endpoint.bucket);
    await put("a/b c", "hello");
    expect(await get("a/b c")).toBe("hello");
    expect(endpoint.objects()).toEqual([{ key: "a/b c", size: 5 }]);
  });
});

describe("it does wrong as told", () => {
  test.each<[Fault, string]>([
    [{ kind: "error", code: "SlowDown" }, "none"],
    [{ kind: "error", code: "InternalError", applied: true }, "applied"],
    [{ kind: "reset-on-arrival" }, "none"],
    [{ kind: "reset-in-request" }, "none"],
    [{ kind: "answer-lost" }, "applied"],
  ])("a put that meets %o fails; done: %s", async (fault, done) => {
    const { endpoint, put } = await fixture();
    endpoint.faults.plan = once(fault);
    await expect(put("x", "hello")).rejects.toThrow();
    expect(endpoint.objects()).toEqual(done === "applied" ? [{ key: "x", size: 5 }] : []);
    expect(endpoint.counts.total().log).toMatchObject([{ fault: fault.kind }]);
  });

  test.each<Fault>([{ kind: "reset-after-headers" }, { kind: "reset-in-answer" }, { kind: "truncated" }])(
    "a body that meets %o does not come whole",
    async (fault) => {
      const { endpoint, put, get } = await fixture();
      await put("x", "0123456789");
      endpoint.faults.plan = once(fault);
      await expect(get("x")).rejects.toThrow();
      const last = endpoint.counts.total().log.at(-1);
      expect(last).toMatchObject({ status: 200, bytesOut: fault.kind === "reset-after-headers" ? 0 : 5 });
      expect(await get("x")).toBe("0123456789");
    },
  );

  test("a put that is repeated on its way finds itself", async () => {
    const { endpoint, put, get } = await fixture();
    endpoint.faults.plan = once({ kind: "repeated" });
    expect(await refusalOf(put("x", "1", { IfNoneMatch: "*" }))).toMatchObject({ status: 412 });
    expect(await get("x")).toBe("1");
  });

  test("a delayed put comes after what its sender did next", async () => {
    const { endpoint, put, get } = await fixture();
    endpoint.faults.plan = once({ kind: "delayed", requests: 2 });
    await expect(put("x", "first")).rejects.toThrow();
    await put("x", "second");
    expect(endpoint.objects()).toEqual([{ key: "x", size: 6 }]);
    expect(await get("x")).toBe("first");
    endpoint.faults.plan = once({ kind: "delayed", requests: 9 });
    await expect(put("y", "late")).rejects.toThrow();
    endpoint.faults.applyDelayed();
    expect(await get("y")).toBe("late");
  });

  test("a late answer is an answer", async () => {
    const { endpoint, put } = await fixture();
    endpoint.faults.plan = once({ kind: "answer-late", ms: 5 });
    await put("x", "1");
    expect(endpoint.counts.total().log).toMatchObject([{ status: 200, fault: "answer-late" }]);
  });

  test("prefixes are throttled or denied, and others are not", async () => {
    const { endpoint, put, get } = await fixture();
    await put("cold/x", "1");
    endpoint.faults.set({ throttles: [{ prefix: "hot/", first: 1 }], denied: ["closed/"] });
    expect(await refusalOf(put("hot/x", "1"))).toEqual({ status: 503, code: "SlowDown" });
    await put("hot/x", "1");
    expect(await refusalOf(get("closed/x"))).toEqual({ status: 403, code: "AccessDenied" });
    expect(await get("cold/x")).toBe("1");
    const head = new HeadObjectCommand({ Bucket: endpoint.bucket, Key: "closed/x" });
    expect(await refusalOf(clientOf(endpoint.s3Options).send(head))).toMatchObject({ status: 403 });
  });

  test("If-None-Match may have no effect, and what is a bucket may vanish", async () => {
    const { endpoint, put, get } = await fixture();
    await put("x", "1");
    endpoint.faults.set({ ignoresIfNoneMatch: true });
    await put("x", "2", { IfNoneMatch: "*" });
    expect(await get("x")).toBe("2");
    endpoint.faults.set({ bucketsGone: true });
    expect(await refusalOf(get("x"))).toEqual({ status: 404, code: "NoSuchBucket" });
    endpoint.faults.clear();
    expect(await get("x")).toBe("2");
  });

  test("bytes that are paced, and requests that wait, come whole", async () => {
    const { endpoint, put, get } = await fixture();
    const body = "0123456789".repeat(2_000);
    endpoint.faults.set({ bytesPerSecond: 2_000_000, latencyMs: { PutObject: 3 } });
    await put("x", body);
    expect(await get("x")).toBe(body);
  });
});

describe("as a process", () => {
  test("it is killed and started again, and what was put is there", async () => {
    const folder = await temporaryFolder();
    const first = await startS3EndpointProcess({ folder });
    onTestFinished(() => first.kill());
    const { put, get } = callsOf(clientOf(first.s3Options), first.bucket);
    await put("a/x", "one", { Metadata: { token: "t" } });
    await first.set({ denied: ["closed/"] });
    expect(await refusalOf(put("closed/x", "1"))).toMatchObject({ code: "AccessDenied" });
    expect(await first.total()).toMatchObject({ requests: 2 });
    await first.kill();
    await expect(get("a/x")).rejects.toThrow();

    const second = await startS3EndpointProcess({ folder, port: first.port });
    onTestFinished(() => second.kill());
    expect(await get("a/x")).toBe("one");
    expect(await second.objects()).toEqual([{ key: "a/x", size: 3 }]);
    const listed = new ListObjectsV2Command({ Bucket: second.bucket });
    const { Contents } = await clientOf(second.s3Options).send(listed);
    expect(Contents).toMatchObject([{ Key: "a/x", ETag: '"f97c5d29941bfb1b2fdab0874906ab82"' }]);
  });
});
