// The peer in Python: delta-rs, as `npm run test:interop` installs it. Workloads that need it are left out where it
// is absent, and say so.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

const ROOT = path.dirname(import.meta.dirname);
const SCRIPTS = path.join(import.meta.dirname, "python");

/** The Python that has delta-rs: of GRIZZLY_PYTHON, else of `.venv`; `undefined` when there is none. */
export function deltaRsPython() {
  const own = path.join(ROOT, ".venv", process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const python = process.env["GRIZZLY_PYTHON"] ?? own;
  if (!existsSync(python)) return undefined;
  const probed = spawnSync(python, ["-c", "import deltalake, pyarrow"], { encoding: "utf8" });
  return probed.status === 0 ? python : undefined;
}

export const WITHOUT_DELTA_RS =
  "left out: delta-rs is not installed; `npm run test:interop -- --prepare` installs it in .venv";

/** Runs a script of bench/python to its end and gives the JSON object that it prints. */
export async function runPython(python, script, args) {
  const { stdout } = await startPython(python, script, args).done;
  return JSON.parse(stdout);
}

/** Starts a script of bench/python. `done` settles at its end; `ready` when it has written a first line. */
export function startPython(python, script, args) {
  return startChild(python, ["-B", path.join(SCRIPTS, script), ...args]);
}

/** Starts a Node program, as {@link startPython} does. */
export function startNode(args) {
  return startChild(process.execPath, args);
}

function startChild(command, args) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const written = { stdout: "", stderr: "" };
  let isReady;
  const ready = new Promise((resolve) => {
    isReady = resolve;
  });
  for (const stream of ["stdout", "stderr"]) {
    child[stream].setEncoding("utf8").on("data", (text) => {
      written[stream] += text;
      if (stream === "stdout" && written.stdout.includes("\n")) isReady();
    });
  }
  const done = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0)
        resolve({
          stdout: written.stdout.slice(written.stdout.lastIndexOf("\n", written.stdout.length - 2) + 1),
        });
      else reject(new Error(`${command} ${args.join(" ")} ended with exit code ${code}\n${written.stderr}`));
    });
  });
  done.catch(isReady);
  return { ready, done, go: () => child.stdin.end("go\n") };
}
