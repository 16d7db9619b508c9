import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";
import { type Answer, SparkProcess } from "./process.js";

// A global setup of the interop project: one Spark for all test files of a run. It starts with the first
// request and ends with the run. Test files reach it through spark.ts, one JSON line each way.

declare module "vitest" {
  interface ProvidedContext {
    /** A port of the loopback interface. */
    readonly sparkPort: number;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let starting: Promise<SparkProcess> | undefined;
  const answerTo = async (request: Readonly<Record<string, unknown>>): Promise<Answer> => {
    try {
      if (starting !== undefined && !(await starting).running) starting = undefined;
      starting ??= SparkProcess.start();
      return await (await starting).request(request);
    } catch (error) {
      return { fault: error instanceof Error ? error.message : String(error) };
    }
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    createInterface({ input: socket }).on("line", async (line) => {
      const { id, ...request }: { readonly id: number } = JSON.parse(line);
      const answer = await answerTo(request);
      if (socket.writable) socket.write(`${JSON.stringify({ id, ...answer })}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  project.provide("sparkPort", address.port);
  return async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    const peer = await starting?.catch(() => undefined);
    await peer?.close();
  };
}
