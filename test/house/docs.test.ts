import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { isJsonObject, parseJson } from "../../core/index.js";
import { GRIZZLY, ROOT, runProcess } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// Every fenced block marked `sh run` or `ts run` in README.md and docs/*.md is executed, in the order of
// its page, in a folder of its own that holds `data/` (fixtures/docs). `grizzly` and `npx grizzly` are the
// built command, and "grizzly-lake" the built package.

interface Block {
  readonly language: "sh" | "ts";
  readonly line: number;
  readonly text: string;
}

function runnableBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  for (const match of markdown.matchAll(/^```(sh|ts) run\n(.*?)^```$/gms)) {
    const [, language, text = ""] = match;
    const line = markdown.slice(0, match.index).split("\n").length + 1;
    blocks.push({ language: language === "ts" ? "ts" : "sh", line, text });
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

async function runShell(block: Block, folder: string): Promise<string> {
  const env = { PATH: `${path.join(folder, "bin")}${path.delimiter}${process.env["PATH"]}` };
  const { code, stdout, stderr } = await runProcess("sh", ["-eu", "-c", block.text], { cwd: folder, env });
  return code === 0 ? "" : `${stdout}${stderr}exit code ${code}`;
}

async function runTypeScript(block: Block, folder: string): Promise<string> {
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
  const { code, stdout, stderr } = await runProcess(process.execPath, [`${name}.js`], { cwd: folder });
  return code === 0 ? "" : `${stdout}${stderr}exit code ${code}`;
}

describe("the examples of the documentation run", async () => {
  for (const page of await pages()) {
    const blocks = runnableBlocks(await readFile(path.join(ROOT, page), "utf8"));
    if (blocks.length === 0) continue;
    test(`${page}: ${blocks.length} blocks`, async () => {
      const folder = await readersFolder();
      for (const block of blocks) {
        const fault = await (block.language === "sh"
          ? runShell(block, folder)
          : runTypeScript(block, folder));
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
