import { onTestFinished } from "vitest";
import { newUuid } from "../../core/index.js";
import { openStore } from "../../object-store/index.js";
import { describeObjectStore } from "../contract/object-store.js";
import { startS3Endpoint } from "../support/s3-endpoint/index.js";

describeObjectStore(
  "s3",
  async () => {
    const endpoint = await startS3Endpoint();
    onTestFinished(() => endpoint.close());
    return openStore(`s3://${endpoint.bucket}/${newUuid()}`, { s3: endpoint.s3Options });
  },
  { keys: "flat" },
);
