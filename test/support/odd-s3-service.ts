import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import { type ObjectStore, openStore } from "../../object-store/index.js";

/** A store whose service answers every request as told, signed or not, until the running test is over. */
export async function oddS3Store(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<ObjectStore> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => answer(request, response));
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.on("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("the server has no port"));
      else resolve(address.port);
    });
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return openStore("s3://lake/t", {
    s3: {
      endpoint: `http://127.0.0.1:${port}`,
      region: "us-east-1",
      credentials: { accessKeyId: "anyone", secretAccessKey: "anything" },
      attempts: 2,
    },
  });
}

/** The answer to ListObjectsV2 with all keys in one page, as they are. */
export function listingXml(keys: readonly string[]): string {
  const contents = keys.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>2025-01-01T00:00:00.987Z</LastModified><ETag>"e"</ETag><Size>1</Size></Contents>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`;
}
