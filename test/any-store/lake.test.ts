import path from "node:path";
import { onTestFinished } from "vitest";
import { openStore, type StoreOpener } from "../../object-store/index.js";
import { describeLake } from "../contract/lake.js";
import { farStores } from "../support/remote-store.js";
import { startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

describeLake("a local disk", async () => {
  const folder = await temporaryFolder();
  const sources = path.join(folder, "sources");
  return {
    lake: path.join(folder, "lake"),
    sources,
    store: openStore(sources),
    options: { openStore },
  };
});

describeLake("objects that are no local files", async () => {
  const { open } = farStores(await temporaryFolder());
  return {
    lake: "far://bucket/lake",
    sources: "far://bucket/sources",
    store: open("far://bucket/sources"),
    options: { openStore: open },
  };
});

describeLake("an S3 endpoint", async () => {
  const endpoint = await startS3Endpoint();
  onTestFinished(() => endpoint.close());
  const s3 = endpoint.s3Options;
  const open: StoreOpener = (uri) => openStore(uri, { s3 });
  const sources = `s3://${endpoint.bucket}/sources`;
  return {
    lake: `s3://${endpoint.bucket}/lake`,
    sources,
    store: open(sources),
    options: { s3, openStore: open },
  };
});
