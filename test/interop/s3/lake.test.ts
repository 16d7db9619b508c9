import { afterAll, beforeAll } from "vitest";
import { newUuid } from "../../../core/index.js";
import { openStore, type StoreOpener } from "../../../object-store/index.js";
import { describeLake } from "../../contract/lake.js";
import { type RealServer, startRealServer } from "./real-server.js";

let server: RealServer;
beforeAll(async () => {
  server = await startRealServer();
});
afterAll(() => server.close());

describeLake("versitygw", async () => {
  const root = `s3://${server.bucket}/${newUuid()}`;
  const open: StoreOpener = (uri) => openStore(uri, { s3: server.s3Options });
  const sources = `${root}/sources`;
  return { lake: `${root}/lake`, sources, store: open(sources), options: { openStore: open } };
});
