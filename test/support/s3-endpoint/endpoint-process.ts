import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { ROOT } from "../grizzly.js";
import type { ChildMessage, Order, Ready } from "./child.js";
import type { S3Endpoint, S3EndpointOptions } from "./endpoint.js";
import type { FaultSwitches, S3FaultRates } from "./fault.js";
import type { S3Traffic } from "./traffic.js";

const CHILD = path.join(ROOT, "test/support/s3-endpoint/child.mjs");

/** As {@link S3Endpoint}, in a process of its own: its work costs the process of the test nothing, and it can die. */
export interface S3EndpointProcess extends Ready {
  set(switches: Partial<FaultSwitches>): Promise<void>;
  /** Has faults drawn from a seed. */
  draw(seed: number, rates: S3FaultRates): Promise<void>;
  clear(): Promise<void>;
  applyDelayed(): Promise<void>;
  mark(): Promise<void>;
  sinceMark(): Promise<S3Traffic>;
  total(): Promise<S3Traffic>;
  objects(): Promise<ReturnType<S3Endpoint["objects"]>>;
  uploads(): Promise<ReturnType<S3Endpoint["uploads"]>>;
  /** Ends the process at once, as a crash does; a server with the same folder and port may be started then. */
  kill(): Promise<void>;
}

/**
 * Starts the server as a process. It ends with this one at the latest.
 *
 * @throws Error when it does not start, such as where the port is taken
 */
export async function startS3EndpointProcess(
  options: Omit<S3EndpointOptions, "clock"> = {},
): Promise<S3EndpointProcess> {
  const child = fork(CHILD, [JSON.stringify(options)], { execArgv: [] });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const waiting = new Map<number, (result: unknown) => void>();
  const lost = new AbortController();
  child.on("close", () => lost.abort(new Error("the S3 server of the test is gone")));
  const ready = await firstMessage(child);
  child.on("message", (message: ChildMessage) => {
    if ("id" in message) waiting.get(message.id)?.(message.result);
  });
  let last = 0;
  const ask = (order: Order): Promise<unknown> =>
    new Promise((resolve, reject) => {
      lost.signal.throwIfAborted();
      last += 1;
      const onLost = (): void => reject(lost.signal.reason);
      lost.signal.addEventListener("abort", onLost, { once: true });
      waiting.set(last, (result) => {
        lost.signal.removeEventListener("abort", onLost);
        resolve(result);
      });
      child.send({ id: last, order });
    });
  const told = async <T>(order: Order): Promise<T> => {
    // child.ts answers with what the server gives; this is the border.
    return (await ask(order)) as T;
  };
  return {
    ...ready,
    set: (switches) => told({ do: "set", switches }),
    draw: (seed, rates) => told({ do: "draw", seed, rates }),
    clear: () => told({ do: "clear" }),
    applyDelayed: () => told({ do: "applyDelayed" }),
    mark: () => told({ do: "mark" }),
    sinceMark: () => told({ do: "sinceMark" }),
    total: () => told({ do: "total" }),
    objects: () => told({ do: "objects" }),
    uploads: () => told({ do: "uploads" }),
    kill: () => {
      child.kill("SIGKILL");
      return ended;
    },
  };
}

function firstMessage(child: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`the S3 server of the test ended with ${code}`)));
    child.once("message", (message: ChildMessage) => {
      if ("ready" in message) resolve(message.ready);
      else
        reject(new Error("failed" in message ? message.failed : "the S3 server of the test said nonsense"));
    });
  });
}
