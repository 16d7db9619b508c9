import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { runProcess } from "../support/grizzly.js";
import { startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const CHILD = fileURLToPath(new URL("../support/s3-store-child.mjs", import.meta.url));

test("a process finds the service by its environment, ends by itself, and says nothing that it was not asked", async () => {
  const endpoint = await startS3Endpoint();
  onTestFinished(() => endpoint.close());
  const home = await temporaryFolder();
  const run = (env: Readonly<Record<string, string>>): ReturnType<typeof runProcess> =>
    runProcess(process.execPath, [CHILD, "s3a://lake/p"], {
      cwd: home,
      env: {
        // Whatever the machine of the test is set up for.
        HOME: home,
        AWS_PROFILE: "",
        AWS_ACCESS_KEY_ID: "",
        AWS_SECRET_ACCESS_KEY: "",
        AWS_SESSION_TOKEN: "",
        AWS_REGION: "",
        AWS_DEFAULT_REGION: "",
        AWS_ENDPOINT_URL_S3: "",
        AWS_ENDPOINT_URL: "",
        AWS_EC2_METADATA_DISABLED: "true",
        ...env,
      },
    });
  const { accessKeyId, secretAccessKey } = endpoint.credentials;
  const ran = await run({
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  expect(ran).toEqual({
    code: 0,
    stdout: JSON.stringify({ status: "created", text: "from the environment", found: ["a"] }),
    stderr: "",
  });
  expect(endpoint.objects().map(({ key }) => key)).toEqual(["p/a"]);

  const without = await run({ AWS_ENDPOINT_URL: endpoint.url });
  expect(without.code).not.toBe(0);
  expect(without.stderr).toContain("no-credentials");

  // A profile names the service, which is then known not to be AWS: it is asked whether it honours If-None-Match.
  const [config, keys] = [path.join(home, "config"), path.join(home, "keys")];
  await writeFile(config, `[profile me]\nregion = us-east-1\nendpoint_url = ${endpoint.url}\n`);
  await writeFile(
    keys,
    `[me]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  );
  endpoint.counts.mark();
  const profiled = await run({
    AWS_PROFILE: "me",
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: keys,
  });
  expect(profiled).toMatchObject({
    code: 0,
    stdout: JSON.stringify({ status: "exists", text: "from the environment", found: ["a"] }),
    stderr: "",
  });
  expect(endpoint.counts.sinceMark().byOperation).toMatchObject({ PutObject: 3, DeleteObject: 1 });
});
