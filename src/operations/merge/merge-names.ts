import { LakeError } from "../../../core/index.js";
import { identifierName, isSymbol, tokenize } from "../../sql/tokens.js";
import { parseTarget } from "../../table-resolver.js";
import type { MergeOptions } from "./merge-options.js";

/** What the expressions of a merge call its two sides. */
export interface MergeNames {
  readonly target: string;
  readonly source: string;
}

/**
 * Both sides go by their aliases, else by their own names. Pure.
 *
 * @param label the table's
 * @throws LakeError `invalid-input` `merge-names` when both are called the same.
 */
export function mergeNames(
  label: string,
  { alias, source, sourceAlias }: Pick<MergeOptions, "alias" | "source" | "sourceAlias">,
): MergeNames {
  const parsed = parseTarget(label);
  const target = alias ?? (parsed.kind === "name" ? parsed.name.name : "target");
  const nameless = target.toLowerCase() === "source" ? "merge_source" : "source";
  const names = { target, source: sourceAlias ?? ownName(source) ?? nameless };
  if (names.target.toLowerCase() !== names.source.toLowerCase()) return names;
  throw new LakeError(
    "invalid-input",
    "merge-names",
    `the table and the source of the MERGE are both called ${names.target}`,
    { hint: "Give one of them an alias: MERGE INTO t USING t AS s ON ..." },
  );
}

/** The last part of a name; `undefined` for a query and for all else that is no name. */
function ownName(text: string): string | undefined {
  const tokens = tokenize(text);
  let at = 0;
  while (isSymbol(tokens[at + 1], ".")) at += 2;
  return identifierName(tokens[at]);
}
