import { readFile } from "node:fs/promises";
import path from "node:path";
import { isJsonObject, type JsonValue, LakeError, parseJson } from "../../core/index.js";

export const CONFIG_FILE = "grizzly.json";
const DEFAULT_LAKE = "lake";

/**
 * Where the lake is: `--lake`, else GRIZZLY_LAKE, else the nearest grizzly.json from `cwd` upwards,
 * else `./lake`. Gives a URI with a scheme as it is, and a path made absolute: relative to grizzly.json
 * when that file names it, to `cwd` otherwise.
 *
 * @throws LakeError `invalid-input` when grizzly.json does not say `{"lake": "..."}`.
 */
export async function lakeLocation(
  option: string | undefined,
  env: NodeJS.ProcessEnv,
  cwd: string,
): Promise<string> {
  const named = option ?? env["GRIZZLY_LAKE"];
  if (named !== undefined && named !== "") return resolveLocation(named, cwd);
  for (const folder of upwards(cwd)) {
    const file = path.join(folder, CONFIG_FILE);
    const text = await readIfPresent(file);
    if (text !== undefined) return resolveLocation(lakeOfConfig(text, file), folder);
  }
  return path.resolve(cwd, DEFAULT_LAKE);
}

/** A URI (`s3://...`) unchanged, a path made absolute. */
export function resolveLocation(location: string, folder: string): string {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(location) ? location : path.resolve(folder, location);
}

/** The `lake` entry of the text of a grizzly.json. */
export function lakeOfConfig(text: string, file: string): string {
  const config = parseConfig(text, file);
  const lake = isJsonObject(config) ? config["lake"] : undefined;
  if (typeof lake === "string" && lake !== "") return lake;
  throw new LakeError("invalid-input", "cli-config", `${file} does not name a lake`, {
    context: { file },
    hint: 'Write {"lake": "path/to/lake"} in it.',
  });
}

function parseConfig(text: string, file: string): JsonValue {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new LakeError("invalid-input", "cli-config", `${file} is not JSON`, { context: { file }, cause });
  }
}

function* upwards(folder: string): Generator<string> {
  for (let current = folder; ; current = path.dirname(current)) {
    yield current;
    if (path.dirname(current) === current) return;
  }
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new LakeError("invalid-input", "cli-config", `cannot read ${file}`, { context: { file }, cause });
  }
}
