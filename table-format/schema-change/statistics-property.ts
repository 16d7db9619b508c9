import { foldCase } from "../schema/index.js";
import { type FieldPath, pathText } from "./field-path.js";

const STATISTICS_COLUMNS = "delta.dataSkippingStatsColumns";

/**
 * The properties after a column got another name, or went away (`to` is `undefined`): the list of columns
 * that have statistics follows it. A list that cannot be parsed stays as it is.
 */
export function followColumn(
  configuration: Readonly<Record<string, string>>,
  column: FieldPath,
  to: string | undefined,
): Readonly<Record<string, string>> {
  const listed = parseColumnPaths(configuration[STATISTICS_COLUMNS]);
  if (listed === undefined) return configuration;
  const last = column.length - 1;
  const followed = listed.flatMap((path) => {
    if (!column.every((name, index) => foldCase(name) === foldCase(path[index] ?? ""))) return [path];
    return to === undefined ? [] : [path.map((name, index) => (index === last ? to : name))];
  });
  return { ...configuration, [STATISTICS_COLUMNS]: followed.map(pathText).join(",") };
}

/** A list such as ``a, b.c, `d e`.f`` as paths; `undefined` when it is absent or is no such list. */
export function parseColumnPaths(text: string | undefined): FieldPath[] | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const part = /\s*(?:`((?:[^`]|``)+)`|([^`.,\s]+))\s*([.,]|$)/y;
  const paths: FieldPath[] = [];
  let path: string[] = [];
  for (;;) {
    const match = part.exec(text);
    if (match === null) return undefined;
    path.push(match[1]?.replaceAll("``", "`") ?? match[2] ?? "");
    if (match[3] === ".") continue;
    paths.push(path);
    path = [];
    if (match[3] === "") return paths;
  }
}
