import path from "node:path";
import { openStore } from "../../object-store/index.js";
import { describeLake } from "../contract/lake.js";
import { farStores } from "../support/remote-store.js";
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
