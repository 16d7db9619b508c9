import { CommanderError } from "commander";
import { LakeError } from "../../core/index.js";
import { errorJson, errorText, lakeErrorOf } from "./error-report.js";
import { CommandVerdict, EXIT_DONE, EXIT_USAGE, exitCodeOf } from "./exit-code.js";
import { interruption } from "./interruption.js";
import { usesColour } from "./invocation.js";
import { type Io, isBrokenPipe } from "./io.js";
import { buildProgram } from "./program.js";
import { styleFor } from "./terminal/style.js";

/** Runs one command line (without `node` and the script) and gives the exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const help: { text: string; isError: boolean }[] = [];
  const program = buildProgram(io);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => help.push({ text, isError: false }),
      writeErr: (text) => help.push({ text, isError: true }),
      // The error is thrown as well; it is reported once, by `report`.
      outputError: () => {},
      getOutHelpWidth: () => io.stdout.width ?? 100,
      getErrHelpWidth: () => io.stderr.width ?? 100,
    });
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
    return EXIT_DONE;
  } catch (error) {
    if (isBrokenPipe(error)) return EXIT_DONE;
    if (error instanceof CommandVerdict) return error.exitCode;
    if (!(error instanceof CommanderError)) return report(error, argv, io);
    if (help.length === 0) return report(usageError(error), argv, io);
    for (const { text, isError } of help) await (isError ? io.stderr : io.stdout).write(text);
    return help.some(({ isError }) => isError) ? EXIT_USAGE : EXIT_DONE;
  }
}

/** Commander's word on a bad command line, as an error of ours. */
function usageError(error: CommanderError): LakeError {
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  return new LakeError("invalid-input", "cli-usage", message, {
    hint: suggestion?.replace(/^\((.*)\)$/, "$1") ?? "grizzly --help lists commands and options.",
  });
}

async function report(thrown: unknown, argv: readonly string[], io: Io): Promise<number> {
  const error = interruption(thrown, io.signal);
  const lakeError = lakeErrorOf(error);
  // The command line may be what is wrong, so these are looked for, not parsed.
  const words = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  const style = styleFor(usesColour(io.stderr.isTerminal, io.env));
  try {
    if (words.includes("--json")) await io.stdout.write(errorJson(error));
    else if (lakeError.kind === "cancelled") await io.stderr.write(`${lakeError.message}\n`);
    else await io.stderr.write(errorText(error, style, words.includes("--verbose")));
  } catch (unheard) {
    // Nobody reads any more; the exit code still tells.
    if (!isBrokenPipe(unheard)) throw unheard;
  }
  return exitCodeOf(lakeError);
}
