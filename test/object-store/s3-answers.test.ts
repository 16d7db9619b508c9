import { describe, expect, onTestFinished, test } from "vitest";
import { type ObjectStore, openStore, objectPath as p, type S3Options } from "../../object-store/index.js";
import { bytes, contentsOf, pathsOf, text } from "../support/object-stores.js";
import { listingXml, oddS3Store } from "../support/odd-s3-service.js";
import { type Fault, type S3Endpoint, startS3Endpoint } from "../support/s3-endpoint/index.js";

async function scene(options: S3Options = {}): Promise<{ endpoint: S3Endpoint; store: ObjectStore }> {
  const endpoint = await startS3Endpoint();
  onTestFinished(() => endpoint.close());
  const store = openStore(`s3://${endpoint.bucket}/t`, { s3: { ...endpoint.s3Options, ...options } });
  return { endpoint, store };
}

describe("a body that does not come whole", () => {
  const FAULTS: readonly Fault[] = [
    { kind: "truncated" },
    { kind: "reset-in-answer" },
    { kind: "reset-after-headers" },
    { kind: "answer-lost" },
  ];

  test.each(FAULTS)("once (%o): it is asked for again", async (fault) => {
    const { endpoint, store } = await scene();
    const data = new Uint8Array(100_000).map((_, i) => i % 251);
    await store.put(p("a"), data);
    endpoint.counts.mark();
    let isMet = false;
    endpoint.faults.plan = () => {
      if (isMet) return undefined;
      isMet = true;
      return fault;
    };
    expect(await store.get(p("a"), { range: { offset: 10, length: 90_000 } })).toEqual(
      data.slice(10, 90_010),
    );
    expect(endpoint.counts.sinceMark().byOperation).toEqual({ GetObject: 2 });
  });

  test.each(FAULTS)(
    "once (%o), of a refusal: it is asked for again, for the code was in it",
    async (fault) => {
      const { endpoint, store } = await scene();
      const once = (): void => {
        let isMet = false;
        endpoint.faults.plan = () => {
          if (isMet) return undefined;
          isMet = true;
          return fault;
        };
      };
      once();
      expect(await store.head(p("absent"))).toBeUndefined();
      once();
      await expect(store.get(p("absent"))).rejects.toMatchObject({ code: "object-not-found" });
      await store.put(p("taken"), bytes("first"));
      once();
      expect(await store.putIfAbsent(p("taken"), bytes("second"))).toEqual({ status: "exists" });
      expect(text(await store.get(p("taken")))).toBe("first");
    },
  );

  test.each(FAULTS)("every time (%o): the call fails", async (fault) => {
    const { endpoint, store } = await scene({ attempts: 2 });
    await store.put(p("a"), bytes("0123456789"));
    endpoint.faults.plan = () => fault;
    await expect(store.get(p("a"))).rejects.toMatchObject({ kind: "unavailable" });
    await expect(pathsOf(store.list(""))).rejects.toMatchObject({ kind: "unavailable" });
  });
});

describe("a service that answers otherwise than S3", () => {
  test("gives the whole object for a range", async () => {
    const store = await oddS3Store((_request, response) => {
      response.writeHead(200, { etag: "no-quotes", "content-length": 10 }).end("0123456789");
    });
    const part = await store.read(p("a"), { range: { offset: 2, length: 3 } });
    expect({ ...part, bytes: text(part.bytes) }).toEqual({ bytes: "234", size: 10, etag: "no-quotes" });
    expect(await store.head(p("a"))).toMatchObject({ size: 10, etag: "no-quotes" });
  });

  test("gives another range than it was asked for", async () => {
    const store = await oddS3Store((_request, response) => {
      response
        .writeHead(206, { etag: '"e"', "content-range": "bytes 0-2/10", "content-length": 3 })
        .end("012");
    });
    await expect(store.get(p("a"), { range: { offset: 5, length: 3 } })).rejects.toMatchObject({
      kind: "unavailable",
      code: "truncated-answer",
    });
  });

  test("gives more bytes than it says", async () => {
    const store = await oddS3Store((_request, response) => {
      response.writeHead(206, { etag: '"e"', "content-range": "bytes 0-2/3" }).end("0123456789");
    });
    await expect(store.get(p("a"), { range: { offset: 0, length: 3 } })).rejects.toMatchObject({
      kind: "unavailable",
      code: "truncated-answer",
    });
  });

  test("lists in no order", async () => {
    const store = await oddS3Store((_request, response) => {
      response.end(listingXml(["t/b", "t/a"]));
    });
    await expect(pathsOf(store.list(""))).rejects.toMatchObject({
      kind: "unsupported",
      code: "list-unordered",
      hint: expect.any(String),
    });
  });

  test("marks folders, and tells parts of a second", async () => {
    const store = await oddS3Store((_request, response) => {
      response.end(listingXml(["t/", "t/a", "t/b/", "t/b//d", "t/b/c"]));
    });
    const found = [];
    for await (const meta of store.list("")) found.push(meta);
    const second = Date.UTC(2025, 0, 1);
    expect(found).toEqual([
      { path: "a", size: 1, etag: "e", lastModified: second },
      { path: "b/c", size: 1, etag: "e", lastModified: second },
    ]);
  });

  test.each(["<html>hello", "<html><body>hello</body></html>", ""])(
    "answers with a page: %j",
    async (page) => {
      const store = await oddS3Store((_request, response) => {
        response.end(page);
      });
      await expect(pathsOf(store.list(""))).rejects.toMatchObject({ kind: "unavailable" });
      await expect(store.head(p("a"))).rejects.toMatchObject({ kind: "unavailable" });
      await expect(store.get(p("a"))).rejects.toMatchObject({ kind: "unavailable" });
    },
  );
});

describe("a listing", () => {
  test("of more keys than a page holds, below one prefix of several", async () => {
    const { endpoint, store } = await scene();
    const other = openStore("s3://lake/t2", { s3: endpoint.s3Options });
    await other.put(p("a"), bytes("other"));
    const paths = Array.from({ length: 1_234 }, (_, i) => p(`d/${String(i).padStart(5, "0")}`));
    await Promise.all(paths.map((path) => store.put(path, bytes("x"))));
    endpoint.counts.mark();
    expect(await pathsOf(store.list(""))).toEqual(paths);
    expect(await pathsOf(store.list("d/", { startAfter: "d/01200" }))).toEqual(paths.slice(1_201));
    expect(endpoint.counts.sinceMark().byOperation).toEqual({ ListObjectsV2: 3 });
    await store.delete(paths);
    expect(endpoint.counts.sinceMark().byOperation).toEqual({ ListObjectsV2: 3, DeleteObjects: 2 });
    expect(endpoint.objects().map(({ key }) => key)).toEqual(["t2/a"]);
  });

  test("of names with every mark", async () => {
    const { store } = await scene();
    const names = [
      "%41",
      "+",
      " ",
      "a&b<c>",
      "\"'",
      "ä?#",
      "p=1 2/ü%20",
      "\u{1F43B}",
      "~!*()'",
      "line\nbreak",
      "\u0001",
    ];
    for (const name of names) await store.put(p(name), bytes(name));
    expect(await contentsOf(store)).toEqual(Object.fromEntries(names.map((name) => [name, name])));
    await store.delete(names.map(p));
    expect(await pathsOf(store.list(""))).toEqual([]);
  });
});

describe("delete", () => {
  test("of a service that knows no batches", async () => {
    const { endpoint, store } = await scene();
    endpoint.faults.set({ unknown: ["DeleteObjects"] });
    for (const name of ["a", "b", "c"]) await store.put(p(name), bytes(name));
    await store.delete([p("a"), p("b"), p("none")]);
    expect(await pathsOf(store.list(""))).toEqual(["c"]);
  });

  test("tells what could not be deleted, though the request was answered", async () => {
    const { endpoint, store } = await scene();
    for (const name of ["a", "b/x"]) await store.put(p(name), bytes(name));
    endpoint.faults.set({ denied: ["t/b/"] });
    await expect(store.delete([p("a"), p("b/x")])).rejects.toMatchObject({
      kind: "unavailable",
      code: "access-denied",
      cause: expect.objectContaining({ message: expect.stringContaining("t/b/x") }),
    });
    expect(endpoint.objects().map(({ key }) => key)).toEqual(["t/b/x"]);
  });
});
