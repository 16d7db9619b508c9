// The S3 endpoint of the tests (test/support/s3-endpoint) in a process of its own, as a service far away would be.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { runNode } from "./child.mjs";

const ROOT = path.dirname(import.meta.dirname);
const CHILD = path.join(import.meta.dirname, "s3-endpoint-child.mjs");

/**
 * Starts it. `folder` is for what is compiled.
 *
 * @returns `{s3, bucket, set, mark, traffic, close}`: options for `openLake`, and what of the endpoint's own a
 *   workload needs: switches, a new count, what was counted since
 */
export async function startEndpoint(folder) {
  const child = spawn(process.execPath, [CHILD, await compiled(folder)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const answers = lines[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error("the endpoint ended");
    return JSON.parse(value);
  };
  const ask = (command) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    return answer();
  };
  const { s3, bucket } = await answer();
  return {
    s3,
    bucket,
    set: (switches) => ask({ set: switches }),
    mark: () => ask({ mark: true }),
    traffic: () => ask({ traffic: true }),
    close: async () => {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}

/** Node 20 runs no TypeScript. @returns the compiled module */
async function compiled(folder) {
  const out = path.join(folder, "endpoint");
  await mkdir(out, { recursive: true });
  await symlink(path.join(ROOT, "node_modules"), path.join(out, "node_modules"));
  await writeFile(path.join(out, "package.json"), '{ "type": "module" }\n');
  const project = path.join(out, "tsconfig.json");
  const config = {
    extends: path.join(ROOT, "tsconfig.json"),
    compilerOptions: {
      noCheck: true,
      declaration: false,
      sourceMap: false,
      rootDir: ROOT,
      outDir: out,
      typeRoots: [path.join(ROOT, "node_modules/@types")],
    },
    files: [path.join(ROOT, "test/support/s3-endpoint/index.ts")],
    include: [],
  };
  await writeFile(project, JSON.stringify(config));
  await runNode([path.join(ROOT, "node_modules/typescript/bin/tsc"), "-p", project]);
  return path.join(out, "test/support/s3-endpoint/index.js");
}
