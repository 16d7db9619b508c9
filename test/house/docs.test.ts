import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { isJsonObject, parseJson } from "../../core/index.js";
import { GRIZZLY, ROOT, runProcess } from "../support/grizzly.js";
import { startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// Every fenced block marked `sh run` or `ts run` in README.md and docs/*.md is executed, in the order of
// its page, in a folder of its own that holds `data/` (fixtures/docs). `grizzly` and `npx grizzly` are the
// built command, and "grizzly-lake" the built package. Those marked `sh run s3` or `ts run s3` have an S3 besides, in
// which the bucket `my-bucket` is there: the environment says where it is, and holds its keys.

interface Block {
  readonly language: "sh" | "ts";
  readonly wantsS3: boolean;
  readonly line: number;
  readonly text: string;
}

type Environment = Readonly<Record<string, string>>;

function runnableBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  for (const match of markdown.matchAll(/^```(sh|ts) run( s3)?\n(.*?)^```$/gms)) {
    const [, language, s3, text = ""] = match;
    const line = markdown.slice(0, match.index).split("\n").length + 1;
    blocks.push({ language: language === "ts" ? "ts" : "sh", wantsS3: s3 !== undefined, line, text });
  }
  return blocks;
}

async function pages(): Promise<string[]> {
  const docs = await readdir(path.join(ROOT, "docs"));
  return ["README.md", ...docs.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];
}

/** A folder as a reader of the page has it before the first block. */
async function readersFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(path.join(ROOT, "fixtures/docs"), path.join(folder, "data"), { recursive: true });
  await mkdir(path.join(folder, "bin"));
  const command = `exec ${JSON.stringify(process.execPath)} ${JSON.stringify(GRIZZLY)} "$@"`;
  await script(path.join(folder, "bin/grizzly"), command);
  await script(path.join(folder, "bin/npx"), `test "$1" = grizzly && shift && ${command}`);
  await mkdir(path.join(folder, "node_modules"));
  await symlink(ROOT, path.join(folder, "node_modules/grizzly-lake"), "dir");
  await symlink(path.join(ROOT, "node_modules/@types"), path.join(folder, "node_modules/@types"), "dir");
  await writeFile(path.join(folder, "package.json"), '{"type": "module"}');
  return folder;
}

async function script(file: string, command: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${command}\n`);
  await chmod(file, 0o755);
}

/** The environment of blocks that want S3, whose server runs until the test is over. */
async function environmentOfS3(): Promise<Environment> {
  const endpoint = await startS3Endpoint({ bucket: "my-bucket" });
  onTestFinished(() => endpoint.close());
  return {
    AWS_ENDPOINT_URL_S3: endpoint.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: endpoint.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: endpoint.credentials.secretAccessKey,
  };
}

async function runShell(block: Block, folder: string, given: Environment): Promise<string> {
  const env = { ...given, PATH: `${path.join(folder, "bin")}${path.delimiter}${process.env["PATH"]}` };
  const { code, stdout, stderr } = await runProcess("sh", ["-eu", "-c", block.text], { cwd: folder, env });
  return code === 0 ? "" : `${stdout}${stderr}exit code ${code}`;
}

async function runTypeScript(block: Block, folder: string, env: Environment): Promise<string> {
  const name = `block-${block.line}`;
  await writeFile(path.join(folder, `${name}.ts`), block.text);
  const options = [
    "--module",
    "NodeNext",
    "--target",
    "ES2022",
    "--strict",
    "--skipLibCheck",
    "--types",
    "node",
  ];
  const compiler = path.join(ROOT, "node_modules/typescript/bin/tsc");
  const compiled = await runProcess(process.execPath, [compiler, ...options, `${name}.ts`], { cwd: folder });
  if (compiled.code !== 0) return compiled.stdout + compiled.stderr;
  const { code, stdout, stderr } = await runProcess(process.execPath, [`${name}.js`], { cwd: folder, env });
  return code === 0 ? "" : `${stdout}${stderr}exit code ${code}`;
}

describe("the examples of the documentation run", async () => {
  for (const page of await pages()) {
    const blocks = runnableBlocks(await readFile(path.join(ROOT, page), "utf8"));
    if (blocks.length === 0) continue;
    test(`${page}: ${blocks.length} blocks`, async () => {
      const folder = await readersFolder();
      const s3 = blocks.some(({ wantsS3 }) => wantsS3) ? await environmentOfS3() : {};
      for (const block of blocks) {
        const env = block.wantsS3 ? s3 : {};
        const fault = await (block.language === "sh"
          ? runShell(block, folder, env)
          : runTypeScript(block, folder, env));
        expect(fault, `${page}:${block.line}\n${block.text}`).toBe("");
      }
    });
  }
});

describe("the documentation", () => {
  test("its pages and links lead somewhere", async () => {
    for (const page of await pages()) {
      const text = await readFile(path.join(ROOT, page), "utf8");
      for (const [, target = ""] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)) {
        const file = path.join(ROOT, path.dirname(page), target);
        await expect(
          readFile(file).catch(() => readdir(file)),
          `${page} links to ${target}`,
        ).resolves.toBeDefined();
      }
    }
  });

  test("every feature page has an example that runs", async () => {
    const withoutCommands = [
      "docs/architecture.md",
      "docs/benchmarks.md",
      "docs/dependencies.md",
      "docs/decisions.md",
      "docs/interop.md",
    ];
    for (const page of await pages()) {
      if (withoutCommands.includes(page)) continue;
      const text = await readFile(path.join(ROOT, page), "utf8");
      expect(runnableBlocks(text).length, page).toBeGreaterThan(0);
    }
  });

  test("docs/dependencies.md names every dependency with its exact version", async () => {
    const manifest = parseJson(await readFile(path.join(ROOT, "package.json"), "utf8"));
    const page = await readFile(path.join(ROOT, "docs/dependencies.md"), "utf8");
    const rows = [...page.matchAll(/^\| `([^`]+)` \| (\S+) \|/gm)].map(([, name, version]) => [
      name,
      version,
    ]);
    const listed = Object.fromEntries(rows);
    if (!isJsonObject(manifest)) throw new Error("package.json holds no object");
    const { dependencies, devDependencies } = manifest;
    if (!isJsonObject(dependencies) || !isJsonObject(devDependencies)) throw new Error("no dependencies");
    expect(listed).toEqual({ ...dependencies, ...devDependencies });
  });
});
