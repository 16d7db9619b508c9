import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { S3Options } from "../../../object-store/index.js";

const START_MS = 20_000;
const POLL_MS = 20;
const ACCESS_KEY = "GRIZZLYINTEROP";
const SECRET_KEY = "not/a+secret=of-anyone";
const REGION = "us-east-1";

/** Runs a program until standard input ends, which it does when the process that began it is gone, however it ended. */
const UNTIL_INPUT_ENDS = '"$@" & server=$!; cat > /dev/null; kill "$server"; wait "$server"';

/** A running S3 server that others made: versitygw, whose buckets are folders. */
export interface RealServer {
  /** `http://127.0.0.1:PORT`, where buckets stand in the path. */
  readonly url: string;
  readonly bucket: string;
  readonly s3Options: S3Options;
  /** The folder with the objects of the bucket, as plain files. */
  readonly folder: string;
  close(): Promise<void>;
}

/**
 * Starts the server on a free port of the loopback interface, with an empty bucket in a temporary folder. It ends with
 * this process at the latest.
 *
 * @throws Error when the program is not there, or does not start; with what it said
 */
export async function startRealServer(): Promise<RealServer> {
  const program = process.env["GRIZZLY_S3_SERVER"];
  if (program === undefined || !existsSync(program)) {
    throw new Error("GRIZZLY_S3_SERVER names no program: run npm run test:interop");
  }
  const root = await mkdtemp(path.join(tmpdir(), "grizzly-s3-"));
  // Spark keeps what it knows of a bucket by its name, and a run has several servers.
  const bucket = `lake-${randomBytes(6).toString("hex")}`;
  const [data, attributes] = [path.join(root, "data"), path.join(root, "attributes")];
  // A bucket is a folder: one that is there is a bucket that is there.
  for (const folder of [path.join(data, bucket), attributes]) await mkdir(folder, { recursive: true });
  const port = await freePort();
  const server = spawn(
    "sh",
    [
      ...["-c", UNTIL_INPUT_ENDS, "sh", program],
      ...["--port", `127.0.0.1:${port}`, "--region", REGION, "--keep-alive", "--quiet"],
      // Not every file system of a temporary folder has extended attributes.
      ...["posix", "--sidecar", attributes, data],
    ],
    {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ROOT_ACCESS_KEY: ACCESS_KEY, ROOT_SECRET_KEY: SECRET_KEY },
    },
  );
  let said = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-10_000);
    });
  }
  server.stdin.on("error", () => {});
  const ended = new Promise<void>((resolve) => server.on("close", () => resolve()));
  const close = async (): Promise<void> => {
    server.stdin.end();
    await ended;
    await rm(root, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (Date.now() > deadline || server.exitCode !== null) {
      await close();
      throw new Error(`the S3 server does not start: ${said}`);
    }
    await wait(POLL_MS);
  }
  return {
    url,
    bucket,
    folder: path.join(data, bucket),
    s3Options: {
      endpoint: url,
      region: REGION,
      pathStyle: true,
      credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    },
    close,
  };
}

/** A port that nobody listens on; the server cannot choose one and tell which. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = address === null || typeof address === "string" ? undefined : address.port;
      probe.close(() => (port === undefined ? reject(new Error("no port is free")) : resolve(port)));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
  });
}
