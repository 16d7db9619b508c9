// Another peer in Python: Polars. Workloads leave it out where it is absent, and say so.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

const ROOT = path.dirname(import.meta.dirname);

/** The Python that has Polars: of GRIZZLY_POLARS_PYTHON, else of `.venv`; `undefined` when there is none. */
export function polarsPython() {
  const own = path.join(ROOT, ".venv", process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const python = process.env["GRIZZLY_POLARS_PYTHON"] ?? own;
  if (!existsSync(python)) return undefined;
  const probed = spawnSync(python, ["-c", "import polars"], { encoding: "utf8" });
  return probed.status === 0 ? python : undefined;
}

export const WITHOUT_POLARS =
  "Polars is left out: it is not installed; `.venv/bin/pip install polars` adds it, or GRIZZLY_POLARS_PYTHON names a Python that has it";
