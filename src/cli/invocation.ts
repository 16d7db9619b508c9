import type { Command } from "commander";
import { type Logger, silentLogger, stringifyJson } from "../../core/index.js";
import type { Lake } from "../index.js";
import type { Io } from "./io.js";
import { lakeLocation } from "./lake-location.js";
import type { TableLook } from "./rows/index.js";
import type { Canvas } from "./terminal/painter.js";
import { type Style, styleFor } from "./terminal/style.js";

/** The options of every command. */
export interface GlobalOptions {
  readonly lake?: string;
  readonly json?: boolean;
  readonly memoryLimit?: string;
  readonly threads?: number;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** One run of one command: its streams, and the options that all commands share. */
export class Invocation {
  readonly io: Io;
  readonly options: GlobalOptions;

  constructor(io: Io, options: GlobalOptions) {
    this.io = io;
    this.options = options;
  }

  get json(): boolean {
    return this.options.json === true;
  }

  /** Opens the lake for `work`, and closes it however `work` ends. */
  async withLake<T>(work: (lake: Lake) => Promise<T>): Promise<T> {
    const { memoryLimit, threads } = this.options;
    const location = await lakeLocation(this.options.lake, this.io.env, this.io.cwd);
    // Imported here: the engine takes longer to load than `grizzly --help` may take to print.
    const { openLake } = await import("../index.js");
    const lake = await openLake(location, {
      logger: this.#logger(),
      ...(memoryLimit === undefined ? {} : { memoryLimit }),
      ...(threads === undefined ? {} : { threads }),
    });
    try {
      return await work(lake);
    } finally {
      await lake.close();
    }
  }

  /** Writes the result of a command: `value` as JSON with `--json`, the text otherwise. */
  async result(value: unknown, text: () => string): Promise<void> {
    await this.io.stdout.write(this.json ? `${stringifyJson(value, 2)}\n` : text());
  }

  /** A word for the person at the terminal, on stderr; nothing with `--quiet` or `--json`. */
  async message(text: string): Promise<void> {
    const { stderr, env } = this.io;
    if (this.#talks) await stderr.write(`${styleFor(usesColour(stderr.isTerminal, env)).dim(text)}\n`);
  }

  /** Where progress is painted; undefined when there is no terminal or nobody wants it. */
  get canvas(): Canvas | undefined {
    return this.#talks && this.io.stderr.isTerminal ? this.io.stderr.stream : undefined;
  }

  /** Marks for stdout. */
  get style(): Style {
    return styleFor(usesColour(this.io.stdout.isTerminal, this.io.env));
  }

  get look(): TableLook {
    return { style: this.style, width: this.io.stdout.width };
  }

  get #talks(): boolean {
    return this.options.quiet !== true && !this.json;
  }

  #logger(): Logger {
    if (!this.#talks) return silentLogger;
    const say = (text: string): void => {
      void this.io.stderr.stream.write(`${text}\n`);
    };
    return { info: () => {}, warn: (text) => say(`warning: ${text}`) };
  }
}

/** The run of a command with the options that it was given. */
export function invocationOf(command: Command, io: Io): Invocation {
  return new Invocation(io, command.optsWithGlobals<GlobalOptions>());
}

/** Colour is for terminals, and not where NO_COLOR (no-color.org) is set. */
export function usesColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  return isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
