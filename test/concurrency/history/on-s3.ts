import path from "node:path";
import { onTestFinished } from "vitest";
import { drawnS3Faults, type S3FaultRates, startS3Endpoint } from "../../support/s3-endpoint/index.js";
import { seededRandom } from "../seeded-random.js";
import type { HistoryPlace } from "./place.js";

/** Every fault of the endpoint, on a service that also slows down writers below the log. */
export const S3_FAULTS: S3FaultRates = { error: 0.02, connection: 0.03, outcome: 0.03 };

/** A lake on an S3 endpoint that fails, whose objects are plain files in `folder`; it ends with the running test. */
export async function failingS3(folder: string, seed: number, rates: S3FaultRates): Promise<HistoryPlace> {
  const endpoint = await startS3Endpoint({ folder });
  onTestFinished(() => endpoint.close());
  endpoint.faults.plan = drawnS3Faults(seededRandom(seed), rates);
  endpoint.faults.set({ latencyMs: { PutObject: 2 } });
  return {
    lake: `s3://${endpoint.bucket}/lake`,
    s3: { ...endpoint.s3Options, timeoutMs: 5_000 },
    root: `s3://${endpoint.bucket}`,
    folder: path.join(folder, "objects", endpoint.bucket),
  };
}
