import { describe, expect, onTestFinished, test } from "vitest";
import { type ObjectStore, openStore, objectPath as p, type S3Options } from "../../object-store/index.js";
import { bytes, contentsOf, pathsOf, text } from "../support/object-stores.js";
import { type Fault, type S3Endpoint, startS3Endpoint } from "../support/s3-endpoint/index.js";

interface Scene {
  readonly endpoint: S3Endpoint;
  readonly store: ObjectStore;
}

/** A store whose service is known to honour conditional writes already. */
async function scene(options: S3Options = {}): Promise<Scene> {
  const endpoint = await startS3Endpoint();
  onTestFinished(() => endpoint.close());
  const store = openStore(`s3://${endpoint.bucket}/t`, { s3: { ...endpoint.s3Options, ...options } });
  await store.putIfAbsent(p("ready"), bytes(""));
  await store.delete([p("ready")]);
  endpoint.counts.mark();
  return { endpoint, store };
}

/** Lets each put of the next ones meet its fault. */
function putsMeet(endpoint: S3Endpoint, ...faults: readonly (Fault | undefined)[]): void {
  const left = [...faults];
  endpoint.faults.plan = ({ operation }) => (operation === "PutObject" ? left.shift() : undefined);
}

const a = p("a");

describe("put if absent", () => {
  test.each<[string, Fault]>([
    ["the answer is lost", { kind: "answer-lost" }],
    ["the answer breaks off behind its headers", { kind: "reset-after-headers" }],
    ["the request is lost", { kind: "reset-on-arrival" }],
    ["the request breaks off", { kind: "reset-in-request" }],
    ["the service fails before", { kind: "error", code: "InternalError" }],
    ["the service fails afterwards", { kind: "error", code: "InternalError", applied: true }],
    ["the service asks for fewer requests", { kind: "error", code: "SlowDown" }],
    ["another writer is under way", { kind: "error", code: "ConditionalRequestConflict" }],
    ["the request comes twice", { kind: "repeated" }],
    ["the request comes late, behind its retry", { kind: "delayed", requests: 1_000_000 }],
  ])("%s: it is ours, once", async (_what, fault) => {
    const { endpoint, store } = await scene();
    putsMeet(endpoint, fault);
    expect(await store.putIfAbsent(a, bytes("mine"))).toEqual({ status: "created" });
    endpoint.faults.applyDelayed();
    expect(await contentsOf(store)).toEqual({ a: "mine" });
    expect(await store.putIfAbsent(a, bytes("next"))).toEqual({ status: "exists" });
    expect(text(await store.get(a))).toBe("mine");
  });

  test.each<[string, Fault]>([
    ["the answer is lost", { kind: "answer-lost" }],
    ["the service fails", { kind: "error", code: "InternalError" }],
    ["another writer is under way", { kind: "error", code: "ConditionalRequestConflict" }],
    ["the request comes twice", { kind: "repeated" }],
  ])("%s, and the path was taken by another with the same bytes: it exists", async (_what, fault) => {
    const { endpoint, store } = await scene();
    await store.put(a, bytes("same"));
    putsMeet(endpoint, fault);
    expect(await store.putIfAbsent(a, bytes("same"))).toEqual({ status: "exists" });
  });

  test("a late request of ours takes the path before another's: ours was created", async () => {
    const { endpoint, store } = await scene({ attempts: 2 });
    putsMeet(endpoint, { kind: "delayed", requests: 1 }, undefined);
    // The first request is done when the second one comes.
    expect(await store.putIfAbsent(a, bytes("mine"))).toEqual({ status: "created" });
    expect(await contentsOf(store)).toEqual({ a: "mine" });
  });

  test("no try is answered and nothing is there: the outcome is not known", async () => {
    const { endpoint, store } = await scene({ attempts: 2 });
    putsMeet(endpoint, { kind: "delayed", requests: 1_000_000 }, { kind: "reset-on-arrival" });
    await expect(store.putIfAbsent(a, bytes("mine"))).rejects.toMatchObject({
      kind: "unavailable",
      code: "put-outcome-unknown",
    });
    endpoint.faults.applyDelayed();
    expect(await contentsOf(store)).toEqual({ a: "mine" });
  });

  test("no try is answered and the first one was done: it was created", async () => {
    const { endpoint, store } = await scene({ attempts: 2 });
    putsMeet(endpoint, { kind: "answer-lost" }, { kind: "reset-on-arrival" });
    expect(await store.putIfAbsent(a, bytes("mine"))).toEqual({ status: "created" });
  });

  test("refused every time without being done: an error of its own kind", async () => {
    const { endpoint, store } = await scene({ attempts: 2 });
    endpoint.faults.plan = () => ({ kind: "error", code: "SlowDown" });
    await expect(store.putIfAbsent(a, bytes("x"))).rejects.toMatchObject({
      kind: "unavailable",
      code: "throttled",
    });
    endpoint.faults.plan = () => ({ kind: "error", code: "ConditionalRequestConflict" });
    await expect(store.putIfAbsent(a, bytes("x"))).rejects.toMatchObject({ kind: "unavailable" });
    endpoint.faults.clear();
    expect(await contentsOf(store)).toEqual({});
  });

  test("one request where nothing is in the way, two where the path is taken", async () => {
    const { endpoint, store } = await scene();
    await store.putIfAbsent(a, bytes("x"));
    expect(endpoint.counts.sinceMark().byOperation).toEqual({ PutObject: 1 });
    endpoint.counts.mark();
    await store.putIfAbsent(a, bytes("y"));
    expect(endpoint.counts.sinceMark().byOperation).toEqual({ PutObject: 1, GetObject: 1 });
  });

  test("a caller that reads back is told of a taken path by one request, and by an error of what is not known", async () => {
    const { endpoint, store } = await scene({ attempts: 2 });
    const options = { readsBack: true };
    expect(await store.putIfAbsent(a, bytes("x"), options)).toEqual({ status: "created" });
    expect(await store.putIfAbsent(a, bytes("y"), options)).toEqual({ status: "exists" });
    expect(endpoint.counts.sinceMark().byOperation).toEqual({ PutObject: 2 });
    putsMeet(endpoint, { kind: "repeated" });
    expect(await store.putIfAbsent(p("b"), bytes("y"), options)).toEqual({ status: "exists" });
    putsMeet(endpoint, { kind: "answer-lost" }, { kind: "answer-lost" });
    await expect(store.putIfAbsent(p("c"), bytes("y"), options)).rejects.toMatchObject({
      kind: "unavailable",
      code: "put-outcome-unknown",
    });
    expect(await contentsOf(store)).toEqual({ a: "x", b: "y", c: "y" });
  });
});

describe("a service that passes over If-None-Match", () => {
  test("is refused before anything is committed, every time, and by name", async () => {
    const endpoint = await startS3Endpoint();
    onTestFinished(() => endpoint.close());
    endpoint.faults.set({ ignoresIfNoneMatch: true });
    const store = openStore(`s3://${endpoint.bucket}/t`, { s3: endpoint.s3Options });
    for (let i = 0; i < 2; i++) {
      await expect(store.putIfAbsent(a, bytes("x"))).rejects.toMatchObject({
        kind: "unsupported",
        code: "put-if-absent-ignored",
        message: expect.stringContaining(endpoint.url),
        hint: expect.any(String),
      });
    }
    // Reading, and writing what is no commit, go on.
    await store.put(p("b"), bytes("b"));
    expect(await contentsOf(store)).toEqual({ b: "b" });
    expect(endpoint.objects()).toHaveLength(1);
  });

  test("one that honours it is asked once in a process and bucket, and nothing is left", async () => {
    const endpoint = await startS3Endpoint();
    onTestFinished(() => endpoint.close());
    const [one, two] = ["one", "two"].map((prefix) =>
      openStore(`s3://${endpoint.bucket}/${prefix}`, { s3: endpoint.s3Options }),
    );
    await Promise.all([one?.putIfAbsent(a, bytes("1")), two?.putIfAbsent(a, bytes("2"))]);
    expect(endpoint.counts.total().byOperation).toMatchObject({ PutObject: 4, DeleteObject: 1 });
    expect(endpoint.objects().map(({ key }) => key)).toEqual(["one/a", "two/a"]);
  });
});

describe("cancelled while it is under way", () => {
  /** Cancels when the endpoint has a put in its hands. */
  function cancelOnPut(endpoint: S3Endpoint, fault: Fault | undefined): AbortSignal {
    const controller = new AbortController();
    endpoint.faults.plan = ({ operation }) => {
      if (operation !== "PutObject") return undefined;
      queueMicrotask(() => controller.abort());
      return fault;
    };
    return controller.signal;
  }

  test.each(["put", "putIfAbsent"] as const)("%s: an answer that comes is heard", async (verb) => {
    const { endpoint, store } = await scene();
    const signal = cancelOnPut(endpoint, undefined);
    await store[verb](a, bytes("x"), { signal });
    expect(await contentsOf(store)).toEqual({ a: "x" });
  });

  test.each(["put", "putIfAbsent"] as const)("%s: refused, so it has not happened", async (verb) => {
    const { endpoint, store } = await scene();
    const signal = cancelOnPut(endpoint, { kind: "error", code: "SlowDown" });
    await expect(store[verb](a, bytes("x"), { signal })).rejects.toMatchObject({ kind: "cancelled" });
    endpoint.faults.clear();
    expect(await contentsOf(store)).toEqual({});
  });

  test.each(["put", "putIfAbsent"] as const)(
    "%s: without an answer nobody says that it has not happened",
    async (verb) => {
      const { endpoint, store } = await scene();
      const signal = cancelOnPut(endpoint, { kind: "answer-lost" });
      await expect(store[verb](a, bytes("x"), { signal })).rejects.toMatchObject({
        kind: "unavailable",
        code: "put-outcome-unknown",
      });
    },
  );

  test("many calls hear one signal, and none of them makes Node think of a leak", async () => {
    const { endpoint, store } = await scene({ connections: 30 });
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on("warning", onWarning);
    onTestFinished(() => {
      process.off("warning", onWarning);
    });
    const controller = new AbortController();
    let arrived = 0;
    endpoint.faults.plan = () => {
      // The rest waits for a connection, or for its next try.
      if (++arrived === 30) queueMicrotask(() => controller.abort());
      return arrived <= 15 ? { kind: "error", code: "SlowDown" } : { kind: "answer-late", ms: 3_600_000 };
    };
    const calls = Array.from({ length: 60 }, () => store.get(a, { signal: controller.signal }));
    const results = await Promise.allSettled(calls);
    for (const result of results) {
      expect(result).toMatchObject({ status: "rejected", reason: { kind: "cancelled" } });
    }
    // Warnings are told in the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });

  test.each(["get", "list", "delete"] as const)("%s waits for nothing", async (verb) => {
    const { endpoint, store } = await scene();
    await store.put(a, bytes("x"));
    const controller = new AbortController();
    endpoint.faults.plan = () => {
      queueMicrotask(() => controller.abort());
      return { kind: "answer-late", ms: 3_600_000 };
    };
    const { signal } = controller;
    const call = {
      get: () => store.get(a, { signal }),
      list: () => pathsOf(store.list("", { signal })),
      delete: () => store.delete([a], { signal }),
    }[verb];
    await expect(call()).rejects.toMatchObject({ kind: "cancelled" });
  });
});

describe("what a new object is marked with", () => {
  test.each<[S3Options, Readonly<Record<string, string>>]>([
    [{}, {}],
    [{ encryption: { kind: "s3" } }, { "x-amz-server-side-encryption": "AES256" }],
    [{ encryption: { kind: "kms" } }, { "x-amz-server-side-encryption": "aws:kms" }],
    [
      { encryption: { kind: "kms", keyId: "key/1" } },
      {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "key/1",
      },
    ],
    [{ requesterPays: true }, { "x-amz-request-payer": "requester" }],
  ])("%o", async (options, headers) => {
    const { endpoint, store } = await scene(options);
    await store.put(a, bytes("x"));
    await store.putIfAbsent(p("b"), bytes("x"));
    const { log } = endpoint.counts.sinceMark();
    expect(log).toHaveLength(2);
    for (const entry of log) {
      expect(entry.headers).toMatchObject(headers);
      const named = Object.keys(entry.headers).filter((name) => /encryption|payer/.test(name));
      expect(named.sort()).toEqual(Object.keys(headers).sort());
    }
  });

  test("who pays says so with every request", async () => {
    const { endpoint, store } = await scene({ requesterPays: true });
    endpoint.faults.set({ requesterPays: true });
    await store.put(a, bytes("x"));
    await store.put(p("b"), bytes("x"));
    expect(await contentsOf(store)).toEqual({ a: "x", b: "x" });
    await store.delete([a, p("b")]);
    expect(endpoint.objects()).toEqual([]);
  });
});
