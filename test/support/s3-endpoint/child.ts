import { seededRandom } from "../../concurrency/seeded-random.js";
import { type S3Endpoint, type S3EndpointOptions, startS3Endpoint } from "./endpoint.js";
import { drawnS3Faults, type FaultSwitches, type S3FaultRates } from "./fault.js";

/** What a parent asks of the process; each is answered, with the same id. */
export type Order =
  | { readonly do: "set"; readonly switches: Partial<FaultSwitches> }
  | { readonly do: "draw"; readonly seed: number; readonly rates: S3FaultRates }
  | { readonly do: "clear" | "applyDelayed" | "mark" | "sinceMark" | "total" | "objects" | "uploads" };

export interface Numbered {
  readonly id: number;
  readonly order: Order;
}

/** What the process sends first, once it can be reached. */
export type Ready = Pick<S3Endpoint, "url" | "port" | "bucket" | "s3Options">;

export type ChildMessage =
  | { readonly ready: Ready }
  | { readonly id: number; readonly result: unknown }
  | { readonly failed: string };

/** Runs the server until the parent is gone or ends it. */
export async function serve(options: S3EndpointOptions): Promise<void> {
  process.on("disconnect", () => process.exit());
  const tell = (message: ChildMessage): void => {
    process.send?.(message);
  };
  try {
    const endpoint = await startS3Endpoint(options);
    // Only endpoint-process.ts sends, and it sends this; this is the border.
    process.on("message", (message) => {
      const { id, order } = message as Numbered;
      tell({ id, result: obey(endpoint, order) ?? null });
    });
    const { url, port, bucket, s3Options } = endpoint;
    tell({ ready: { url, port, bucket, s3Options } });
  } catch (error) {
    tell({ failed: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
    process.disconnect();
  }
}

function obey({ faults, counts, ...endpoint }: S3Endpoint, order: Order): unknown {
  switch (order.do) {
    case "set":
      return faults.set(order.switches);
    case "draw":
      faults.plan = drawnS3Faults(seededRandom(order.seed), order.rates);
      return undefined;
    case "clear":
      return faults.clear();
    case "applyDelayed":
      return faults.applyDelayed();
    case "mark":
      return counts.mark();
    case "sinceMark":
      return counts.sinceMark();
    case "total":
      return counts.total();
    case "objects":
      return endpoint.objects();
    case "uploads":
      return endpoint.uploads();
  }
}
