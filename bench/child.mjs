// Work in a process of its own.
import { spawn } from "node:child_process";

/** Runs `node ...args` to its end: its wall time in milliseconds and its standard output. */
export function runNode(args) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const written = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"]) {
      child[stream].setEncoding("utf8").on("data", (text) => {
        written[stream] += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => {
      const ms = performance.now() - start;
      if (code === 0) resolve({ ms, stdout: written.stdout });
      else reject(new Error(`node ${args.join(" ")} ended with exit code ${code}\n${written.stderr}`));
    });
  });
}
