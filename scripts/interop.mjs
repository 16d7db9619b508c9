// Runs the interop suite: makes .venv from test/interop/requirements.txt when it is absent or stale, then
// runs Vitest with GRIZZLY_PYTHON set to its Python. Arguments go to Vitest.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const requirements = path.join(root, "test/interop/requirements.txt");
const environment = path.join(root, ".venv");
const python = path.join(environment, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** The first Python there is that can make the environment: its command and its version. */
function findPython() {
  const probe = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10); print(sys.version)";
  for (const command of process.platform === "win32" ? ["python"] : ["python3", "python"]) {
    const probed = spawnSync(command, ["-c", probe], { encoding: "utf8" });
    if (probed.status === 0) return { command, version: probed.stdout };
  }
  return fail(
    "The interop suite needs Python 3.10 or newer with the modules venv and ensurepip: none was found on the PATH.",
  );
}

function run(label, command, args) {
  process.stderr.write(`${label}\n`);
  const done = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (done.status !== 0) fail(`failed: ${command} ${args.join(" ")}`);
}

const { command, version } = findPython();
const stamp = path.join(environment, ".grizzly-stamp");
const key = createHash("sha256").update(version).update(readFileSync(requirements)).digest("hex");
if (!existsSync(python) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== key) {
  run("Making .venv ...", command, ["-m", "venv", "--clear", environment]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  run("Installing test/interop/requirements.txt ...", python, [...pip, "--requirement", requirements]);
  writeFileSync(stamp, key);
}

const suite = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--project", "interop", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit", env: { ...process.env, GRIZZLY_PYTHON: python } },
);
process.exit(suite.status ?? 1);
