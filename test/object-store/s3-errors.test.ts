import { createServer, type Server } from "node:http";
import { createServer as createSocketServer } from "node:net";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ObjectStore, openStore, objectPath as p, type S3Options } from "../../object-store/index.js";
import { bytes, pathsOf } from "../support/object-stores.js";
import { type S3Endpoint, type S3EndpointOptions, startS3Endpoint } from "../support/s3-endpoint/index.js";

async function endpointFor(options: S3EndpointOptions = {}): Promise<S3Endpoint> {
  const endpoint = await startS3Endpoint(options);
  onTestFinished(() => endpoint.close());
  return endpoint;
}

const VERBS: readonly [string, (store: ObjectStore) => Promise<unknown>][] = [
  ["head", (store) => store.head(p("a"))],
  ["get", (store) => store.get(p("a"))],
  ["get of a range", (store) => store.get(p("a"), { range: { suffix: 0 } })],
  ["put", (store) => store.put(p("a"), bytes("x"))],
  ["putIfAbsent", (store) => store.putIfAbsent(p("a"), bytes("x"))],
  ["list", (store) => pathsOf(store.list(""))],
  ["delete of one", (store) => store.delete([p("a")])],
  ["delete of two", (store) => store.delete([p("a"), p("b")])],
];

const SECRET = "s3cr3t/of+nobody";
const TOKEN = "t0ken-of-nobody";

/** Every error that a user may see or a log may keep, as text. */
function printed(error: unknown): string {
  return `${inspect(error, { depth: 20, showHidden: true, getters: true })} ${JSON.stringify(error)} ${String(error)}`;
}

describe.each(VERBS)("%s", (verb, call) => {
  async function failing(options: S3Options, bucket = "lake", prefix = "p"): Promise<unknown> {
    const store = openStore(`s3://${bucket}/${prefix}`, {
      s3: { timeoutMs: 2_000, attempts: 2, ...options },
    });
    const error = await call(store).then(
      () => undefined,
      (error: unknown) => error,
    );
    const text = printed(error);
    for (const secret of [SECRET, TOKEN, "Authorization", "AWS4-HMAC", "X-Amz-Signature"]) {
      expect(text).not.toContain(secret);
    }
    return error;
  }

  test("a wrong secret", async () => {
    const { s3Options, credentials } = await endpointFor();
    const wrong = { ...credentials, secretAccessKey: SECRET };
    expect(await failing({ ...s3Options, credentials: wrong })).toMatchObject({
      kind: "unavailable",
      code: "credentials-refused",
      hint: expect.any(String),
      context: { s3Code: "SignatureDoesNotMatch" },
    });
    expect(
      await failing({ ...s3Options, credentials: { ...credentials, sessionToken: TOKEN } }),
    ).toMatchObject({ code: "credentials-refused", context: { s3Code: "InvalidToken" } });
  });

  test("an unknown access key", async () => {
    const { s3Options } = await endpointFor();
    const credentials = { accessKeyId: "AKIAUNKNOWNUNKNOWN00", secretAccessKey: SECRET };
    const error = await failing({ ...s3Options, credentials });
    expect(error).toMatchObject({
      kind: "unavailable",
      code: "credentials-refused",
      context: { s3Code: "InvalidAccessKeyId" },
    });
    expect(printed(error)).not.toContain(credentials.accessKeyId);
  });

  test("a clock that is off is told, the second time too", async () => {
    const endpoint = await endpointFor();
    endpoint.faults.set({ clockAheadMs: 3_600_000 });
    for (let i = 0; i < 2; i++) {
      expect(await failing(endpoint.s3Options)).toMatchObject({
        kind: "unavailable",
        code: "clock-skew",
        hint: expect.any(String),
      });
    }
  });

  test("a bucket that is not there is no absent object", async () => {
    const { s3Options } = await endpointFor();
    expect(await failing(s3Options, "nobody-has-it")).toMatchObject({
      kind: "not-found",
      code: "bucket-not-found",
      message: expect.stringContaining("s3://nobody-has-it"),
    });
  });

  test("a bucket that vanishes", async () => {
    const endpoint = await endpointFor();
    const store = openStore("s3://lake/p", { s3: endpoint.s3Options });
    await store.put(p("a"), bytes("x"));
    await call(store);
    endpoint.faults.set({ bucketsGone: true });
    await expect(call(store)).rejects.toMatchObject({ kind: "not-found", code: "bucket-not-found" });
  });

  test("a denied prefix", async () => {
    const endpoint = await endpointFor();
    endpoint.faults.set({ denied: ["p/"] });
    expect(await failing(endpoint.s3Options)).toMatchObject({
      kind: "unavailable",
      code: "access-denied",
      message: expect.stringContaining("s3://lake/p/"),
      hint: expect.any(String),
    });
  });

  test("nobody listens", async () => {
    const { s3Options } = await endpointFor();
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    expect(await failing({ ...s3Options, endpoint })).toMatchObject({
      kind: "unavailable",
      code: "endpoint-down",
      context: { s3Code: "ECONNREFUSED", endpoint },
    });
  });

  test("who listens does not answer", async () => {
    const { s3Options } = await endpointFor();
    const endpoint = await silentEndpoint();
    expect(await failing({ ...s3Options, endpoint, timeoutMs: 100 })).toMatchObject({
      kind: "unavailable",
      // What came of a commit is for its writer to find out.
      code: verb === "putIfAbsent" ? "put-outcome-unknown" : "timeout",
    });
  });

  test("a web server that is no S3 has no absent objects", async () => {
    const { s3Options } = await endpointFor();
    const endpoint = await webServer(404, "<html><body><h1>Not found</h1></body></html>");
    expect(await failing({ ...s3Options, endpoint })).toMatchObject({ kind: "unavailable", code: "not-s3" });
  });

  test("another region", async () => {
    const { s3Options } = await endpointFor();
    const endpoint = await webServer(301, errorXml("PermanentRedirect"), {
      "x-amz-bucket-region": "eu-west-7",
    });
    expect(await failing({ ...s3Options, endpoint })).toMatchObject({
      kind: "invalid-input",
      code: "wrong-region",
      message: expect.stringContaining("eu-west-7"),
    });
  });

  test("a service that fails every time", async () => {
    const endpoint = await endpointFor();
    endpoint.faults.plan = () => ({ kind: "error", code: "InternalError" });
    expect(await failing(endpoint.s3Options)).toMatchObject({ kind: "unavailable" });
  });

  test("a service that fails once", async () => {
    const endpoint = await endpointFor();
    const store = openStore("s3://lake/p", { s3: endpoint.s3Options });
    await store.put(p("a"), bytes("x"));
    const { length } = endpoint.counts.total().log;
    endpoint.faults.plan = ({ number }) =>
      number === length + 1 ? { kind: "error", code: "InternalError" } : undefined;
    await call(store);
    expect(endpoint.counts.total().log[length]).toMatchObject({ status: 500 });
  });
});

async function freePort(): Promise<number> {
  const server = createSocketServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Takes connections and never says a word. */
async function silentEndpoint(): Promise<string> {
  const server = createSocketServer((socket) => {
    socket.resume();
    onTestFinished(() => {
      socket.destroy();
    });
    socket.on("error", () => {});
  });
  const port = await listening(server);
  onTestFinished(() => {
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}

async function webServer(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "text/html", ...headers }).end(body);
  });
  const port = await listening(server);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${port}`;
}

function listening(server: Server | ReturnType<typeof createSocketServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("the server has no port"));
      else resolve(address.port);
    });
  });
}

function errorXml(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>elsewhere</Message></Error>`;
}
