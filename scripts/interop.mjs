// Runs the interop suite: makes .venv from test/interop/requirements.txt when it is absent or stale, fetches
// Delta's jars for Spark into it once, then runs Vitest with GRIZZLY_PYTHON set to its Python. Arguments go to
// Vitest; with --prepare alone everything is made ready and no test runs.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const requirements = path.join(root, "test/interop/requirements.txt");
const environment = path.join(root, ".venv");
const python = path.join(environment, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
/** Where session.py puts the jars; it appears whole or not at all. */
const jars = path.join(environment, "delta-jars");
const JAVA_NEEDED = 17;

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

/** Spark runs on the Java of JAVA_HOME, or else on the one of the PATH. */
function checkJava() {
  const home = process.env["JAVA_HOME"];
  const java = home === undefined ? "java" : path.join(home, "bin/java");
  const probed = spawnSync(java, ["-XshowSettings:properties", "-version"], { encoding: "utf8" });
  const found = /java\.specification\.version = (\d+)/.exec(probed.stderr ?? "")?.[1];
  if (found !== undefined && Number(found) >= JAVA_NEEDED) return;
  const instead = found === undefined ? `\`${java}\` does not run` : `\`${java}\` is Java ${found}`;
  fail(
    `The interop suite needs Java ${JAVA_NEEDED} or newer for Spark: ${instead}. JAVA_HOME or the PATH tells which.`,
  );
}

function run(label, command, args, hint = "") {
  process.stderr.write(`${label}\n`);
  const done = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 });
  if (done.status === 0) return;
  fail(`${done.stdout}${done.stderr}\nfailed: ${command} ${args.join(" ")}${hint}`);
}

const { command, version } = findPython();
checkJava();
const stamp = path.join(environment, ".grizzly-stamp");
const key = createHash("sha256").update(version).update(readFileSync(requirements)).digest("hex");
if (!existsSync(python) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== key) {
  run("Making .venv ...", command, ["-m", "venv", "--clear", environment]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  run("Installing test/interop/requirements.txt ...", python, [...pip, "--requirement", requirements]);
  writeFileSync(stamp, key);
}
if (!existsSync(jars)) {
  run(
    "Fetching Delta's jars for Spark from Maven Central ...",
    python,
    ["-B", path.join(root, "test/interop/spark/session.py")],
    "\nSpark's package resolver says above what it could not fetch; the network must reach Maven Central.",
  );
}
if (process.argv[2] === "--prepare") process.exit(0);

const suite = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--project", "interop", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit", env: { ...process.env, GRIZZLY_PYTHON: python } },
);
process.exit(suite.status ?? 1);
