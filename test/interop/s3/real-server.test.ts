import { afterAll, beforeAll } from "vitest";
import { describeS3Server } from "../../object-store/s3-server-cases.js";
import { type RealServer, startRealServer } from "./real-server.js";

let server: RealServer;
beforeAll(async () => {
  server = await startRealServer();
});
afterAll(() => server.close());

// With one account only, versitygw names a key that it does not know so.
describeS3Server("versitygw", async () => server, { status: 404, code: "XAdminUserNotFound" });
