import { setMaxListeners } from "node:events";
import { createServer } from "node:http";
import type { S3Credentials, S3Options } from "../../../object-store/index.js";
import { Exchange } from "./exchange.js";
import { Faults } from "./faults.js";
import { FolderMedium } from "./folder-medium.js";
import { MemoryMedium } from "./medium.js";
import { writeObject } from "./objects.js";
import { S3Service } from "./service.js";
import { TrafficCounts } from "./traffic.js";

export interface S3EndpointOptions {
  /** Keeps the objects there, for a server that is started again; default in memory. See {@link FolderMedium}. */
  readonly folder?: string | undefined;
  /** Default one that is free. */
  readonly port?: number | undefined;
  /** The bucket that is there from the beginning; default `lake`. */
  readonly bucket?: string | undefined;
  readonly credentials?: S3Credentials | undefined;
  /** Default `us-east-1`. */
  readonly region?: string | undefined;
  /** Of each part of an upload but the last; default 5 MiB, as in S3. */
  readonly minPartBytes?: number | undefined;
  /** Milliseconds since the epoch; default the time of day. */
  readonly clock?: (() => number) | undefined;
}

/** A running server. */
export interface S3Endpoint {
  /** `http://127.0.0.1:PORT`, where buckets stand in the path. */
  readonly url: string;
  readonly port: number;
  readonly bucket: string;
  readonly credentials: S3Credentials;
  /** As `openLake` and the store take them. */
  readonly s3Options: S3Options;
  readonly counts: TrafficCounts;
  readonly faults: Faults;
  /** Keys of the bucket with their sizes in bytes, in the order of their UTF-8 bytes; costs no request. */
  objects(): readonly { readonly key: string; readonly size: number }[];
  /** Writes or replaces an object of the bucket; costs no request. */
  put(key: string, bytes: Buffer): void;
  /** Uploads in parts that are neither complete nor aborted, and how many parts each has; costs no request. */
  uploads(): readonly { readonly key: string; readonly parts: number }[];
  /** Breaks all connections. */
  close(): Promise<void>;
}

const KEYS: S3Credentials = { accessKeyId: "GRIZZLYTEST", secretAccessKey: "not/a+secret=of-anyone" };
const SMALLEST_PART = 5 << 20;

/**
 * Starts a small server on the loopback interface that speaks what of S3 a client of objects needs, checks signatures,
 * counts, and does wrong as told. Operations on one object take effect one after the other, each between its request
 * and its answer.
 */
export async function startS3Endpoint(options: S3EndpointOptions = {}): Promise<S3Endpoint> {
  const { bucket = "lake", credentials = KEYS, region = "us-east-1", minPartBytes = SMALLEST_PART } = options;
  const faults = new Faults();
  const counts = new TrafficCounts();
  const clock = (): number => (options.clock ?? Date.now)() + faults.switches.clockAheadMs;
  const service = new S3Service({
    medium: options.folder === undefined ? new MemoryMedium() : new FolderMedium(options.folder),
    region,
    minPartBytes,
    clock,
    isDenied: (key) => faults.isDenied(key),
  });
  service.makeBucket(bucket);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const context = { service, faults, counts, credentials, region, clock, closing: closing.signal };
  const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (message, response) => {
    new Exchange(context, message, response).run();
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    port: address.port,
    bucket,
    credentials,
    s3Options: { endpoint: url, region, pathStyle: true, credentials },
    counts,
    faults,
    objects: () =>
      service
        .bucket(bucket)
        .objects()
        .map(({ key, size }) => ({ key, size })),
    put: (key, bytes) => {
      writeObject(service.bucket(bucket), { key, bytes, headers: {}, now: clock() });
    },
    uploads: () =>
      Array.from(service.bucket(bucket).uploads.values(), ({ key, parts }) => ({ key, parts: parts.size })),
    close: () => {
      closing.abort();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
