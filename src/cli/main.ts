#!/usr/bin/env node
import { EXIT_INTERRUPTED } from "./exit-code.js";
import { TextOutput } from "./io.js";
import { run } from "./run.js";

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The first asks the work to stop and leave nothing half done, the second does not ask.
    if (interrupt.signal.aborted) process.exit(EXIT_INTERRUPTED);
    interrupt.abort();
  });
}

const exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: new TextOutput(process.stdout),
  stderr: new TextOutput(process.stderr),
  env: process.env,
  cwd: process.cwd(),
  signal: interrupt.signal,
});
// Every write has been awaited. Exiting here, not draining, ends a standard input nobody reads any more.
process.exit(exitCode);
