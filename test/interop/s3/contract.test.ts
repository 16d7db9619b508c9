import { afterAll, beforeAll } from "vitest";
import { newUuid } from "../../../core/index.js";
import { openStore } from "../../../object-store/index.js";
import { describeObjectStore } from "../../contract/object-store.js";
import { type RealServer, startRealServer } from "./real-server.js";

let server: RealServer;
beforeAll(async () => {
  server = await startRealServer();
});
afterAll(() => server.close());

// versitygw keeps objects as files.
describeObjectStore(
  "versitygw",
  async () => openStore(`s3://${server.bucket}/${newUuid()}`, { s3: server.s3Options }),
  { keys: "folders" },
);
