import { Option } from "commander";
import { LakeError, parseJson } from "../../core/index.js";
import type { ApplicationTransaction } from "../index.js";

// Parsers of option values. Commander calls them while it reads the command line.

function refuse(message: string, hint: string): LakeError {
  return new LakeError("invalid-input", "cli-usage", message, { hint });
}

/** `4`: a whole number from 1. */
export function positiveInteger(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value;
    throw refuse(
      `${flag} is not a whole number above zero: ${JSON.stringify(text)}`,
      `For example: ${flag} 4`,
    );
  };
}

/** `12`: a version of a table. */
export function versionNumber(text: string): bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw refuse(`--version is not a version of a table: ${JSON.stringify(text)}`, "For example: --version 12");
}

/** `20250131`: a version of a job. */
export function applicationVersion(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw refuse(
    `--app-version is not a whole number of at most 18 digits: ${JSON.stringify(text)}`,
    "For example: --app-version 20250131",
  );
}

export interface ApplicationFlags {
  readonly appId?: string;
  readonly appVersion?: bigint;
}

/** By which a job that runs twice writes once. */
export function applicationOptions(): Option[] {
  return [
    new Option("--app-id <id>", "the job that writes; what it has committed before is skipped"),
    new Option("--app-version <n>", "how far the job is; goes up with each run").argParser(
      applicationVersion,
    ),
  ];
}

/** The job that writes, by both of its options; `undefined` when there is none of them. */
export function applicationOf({ appId, appVersion }: ApplicationFlags): ApplicationTransaction | undefined {
  if (appId === undefined && appVersion === undefined) return undefined;
  if (appId !== undefined && appId !== "" && appVersion !== undefined) {
    return { appId, version: appVersion };
  }
  throw refuse(
    "--app-id and --app-version go together",
    "For example: --app-id nightly --app-version 20250131",
  );
}

/** `4GB`, `512MiB`: the engine's way to write an amount of memory. */
export function memoryAmount(text: string): string {
  if (/^\d+(\.\d+)?\s*([KMGT]i?)?B$/i.test(text)) return text;
  throw refuse(
    `--memory-limit is not an amount of memory: ${JSON.stringify(text)}`,
    "For example: --memory-limit 4GB",
  );
}

export interface BatchLimit {
  readonly files?: number;
  readonly bytes?: number;
}

const BYTES_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ["kb", 1e3],
  ["mb", 1e6],
  ["gb", 1e9],
  ["kib", 1024],
  ["mib", 1024 ** 2],
  ["gib", 1024 ** 3],
]);

/** `500`, `4GB`, or both, comma separated: files and bytes of one commit at most. */
export function batchLimit(text: string): BatchLimit {
  const limits = text.split(",").map((part): BatchLimit => {
    const [, digits = "", unit] = /^\s*(\d{1,12})\s*([KMG]i?B)?\s*$/i.exec(part) ?? [];
    const amount = Number(digits) * (unit === undefined ? 1 : (BYTES_BY_UNIT.get(unit.toLowerCase()) ?? 1));
    if (digits !== "" && Number.isSafeInteger(amount) && amount > 0) {
      return unit === undefined ? { files: amount } : { bytes: amount };
    }
    throw refuse(
      `--batch is not a number of files or an amount of bytes: ${JSON.stringify(text)}`,
      "For example: --batch 500, --batch 4GB or --batch 500,4GB",
    );
  });
  return Object.assign({}, ...limits);
}

/** `500ms`, `5s`, `2m`, `1h`: milliseconds. */
export function duration(flag: string): (text: string) => number {
  return (text) => {
    const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/i.exec(text) ?? [];
    const factor = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit?.toLowerCase() ?? ""];
    if (amount !== undefined && factor !== undefined) return Math.round(Number(amount) * factor);
    throw refuse(`${flag} is not a time: ${JSON.stringify(text)}`, `For example: ${flag} 5s`);
  };
}

/** `a,b`: names, comma separated. */
export function nameList(flag: string): (text: string) => string[] {
  return (text) => {
    const names = text.split(",").map((name) => name.trim());
    if (names.every((name) => name !== "")) return names;
    throw refuse(`${flag} has an empty name: ${JSON.stringify(text)}`, `For example: ${flag} year,month`);
  };
}

/** A file whose name tells its format; refused here, before a long query has run for it. */
export function outputFile(file: string): string {
  if (/\.(?:parquet|csv|jsonl|ndjson|json|arrow|feather)$/i.test(file)) return file;
  throw refuse(
    `cannot tell the format of --output ${JSON.stringify(file)} from its name`,
    "End the name with .parquet, .csv, .jsonl, .json or .arrow.",
  );
}

export type ParameterValue = null | boolean | number | bigint | string;

/** Collects `--param name=value` into one record. */
export function collectParameter(
  text: string,
  previous: Readonly<Record<string, ParameterValue>> | undefined,
): Readonly<Record<string, ParameterValue>> {
  const [, name, value] = /^\$?([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw refuse(`--param is not name=value: ${JSON.stringify(text)}`, "For example: --param year=2024");
  }
  if (previous !== undefined && Object.hasOwn(previous, name)) {
    throw refuse(`--param ${name} is given twice`, "Give each name once.");
  }
  return { ...previous, [name]: parameterValue(value) };
}

/** A JSON scalar is what JSON says it is (`12`, `1.5`, `true`, `null`, `"12"`); any other text is a string. */
export function parameterValue(text: string): ParameterValue {
  if (!/^(?:null|true|false|-?\d[\d.eE+-]*|".*")$/s.test(text)) return text;
  try {
    const value = parseJson(text);
    return typeof value === "object" && value !== null ? text : value;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
