// Makes a fresh clone ready to run: installs the locked dependencies when they are absent or stale,
// and compiles when a source is newer than the build. Uses nothing but Node and npm.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const SOURCES = ["core", "object-store", "engine", "formats", "table-format", "catalog", "src"];

function run(label, command, args) {
  process.stderr.write(`${label}\n`);
  const done = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (done.status !== 0) {
    process.stderr.write(`failed: ${command} ${args.join(" ")}\n`);
    process.exit(done.status ?? 1);
  }
}

function digest(files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(path.join(root, file)))
      .update("\0");
  return hash.digest("hex");
}

function sourcesOf(folder) {
  return readdirSync(path.join(root, folder))
    .sort()
    .flatMap((name) => {
      const file = path.join(folder, name);
      if (statSync(path.join(root, file)).isDirectory()) return sourcesOf(file);
      return name.endsWith(".ts") ? [file] : [];
    });
}

/** Does `work` unless the stamp says that it was done for the very same inputs. */
function once(stampFile, key, product, work) {
  const stamp = path.join(root, stampFile);
  const done =
    existsSync(path.join(root, product)) && existsSync(stamp) && readFileSync(stamp, "utf8") === key;
  if (done) return;
  work();
  writeFileSync(stamp, key);
}

once("node_modules/.grizzly-stamp", digest(["package-lock.json"]), "node_modules/@duckdb", () =>
  run("Installing dependencies ...", "npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"]),
);
once(
  "dist/.grizzly-stamp",
  digest(["tsconfig.json", "tsconfig.build.json", ...SOURCES.flatMap(sourcesOf)]),
  "dist/src",
  () => {
    run("Building ...", process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"]);
    // npm sets this bit when it installs the package; a checkout has nobody else to do it.
    chmodSync(path.join(root, "dist/src/cli/main.js"), 0o755);
  },
);
