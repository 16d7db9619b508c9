// Runs the interop suite: makes .venv from test/interop/requirements.txt when it is absent or stale, fetches the jars
// for Spark into it once, builds the S3 server into .cache/s3 once, then runs Vitest with GRIZZLY_PYTHON and
// GRIZZLY_S3_SERVER set to them. Arguments go to Vitest; with --prepare alone everything is made ready and no test runs.
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
const jars = path.join(environment, "spark-jars");
const JAVA_NEEDED = 17;
/** Why this server: docs/dependencies.md. */
const S3_SERVER = { module: "github.com/versity/versitygw/cmd/versitygw", version: "v1.8.0" };
const serverFolder = path.join(root, ".cache/s3", S3_SERVER.version);
const server = path.join(serverFolder, process.platform === "win32" ? "versitygw.exe" : "versitygw");

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

/** Go builds the S3 server; one that is older than the server needs fetches a newer one itself. */
function checkGo() {
  const probed = spawnSync("go", ["version"], { encoding: "utf8" });
  if (probed.status === 0) return;
  fail(
    "The interop suite needs Go 1.21 or newer to build an S3 server: `go` does not run. The PATH tells which.",
  );
}

function run(label, command, args, { hint = "", env = {} } = {}) {
  process.stderr.write(`${label}\n`);
  const options = { cwd: root, encoding: "utf8", maxBuffer: 64 << 20, env: { ...process.env, ...env } };
  const done = spawnSync(command, args, options);
  if (done.status === 0) return;
  fail(`${done.stdout}${done.stderr}\nfailed: ${command} ${args.join(" ")}${hint}`);
}

/** Maven fetches what Spark needs to read s3a://. */
function checkMaven() {
  if (spawnSync("mvn", ["--version"], { encoding: "utf8" }).status === 0) return;
  fail(
    "The interop suite needs Maven to fetch the jars for Spark: `mvn` does not run. The PATH tells which.",
  );
}

const { command, version } = findPython();
checkJava();
if (!existsSync(jars)) checkMaven();
if (!existsSync(server)) checkGo();
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
    "Fetching the jars for Spark from Maven Central, 700 MB ...",
    python,
    ["-B", path.join(root, "test/interop/spark/session.py")],
    { hint: "\nIt is said above what could not be fetched; the network must reach Maven Central." },
  );
}
if (!existsSync(server)) {
  run(
    `Building versitygw ${S3_SERVER.version} ...`,
    "go",
    ["install", `${S3_SERVER.module}@${S3_SERVER.version}`],
    { hint: "\nThe network must reach a proxy of Go modules.", env: { GOBIN: serverFolder } },
  );
}
if (process.argv[2] === "--prepare") process.exit(0);

const suite = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--project", "interop", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit", env: { ...process.env, GRIZZLY_PYTHON: python, GRIZZLY_S3_SERVER: server } },
);
process.exit(suite.status ?? 1);
