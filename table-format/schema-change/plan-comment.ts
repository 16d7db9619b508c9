import { stringifyJson } from "../../core/index.js";
import type { Alteration, AlteredParts, TableState } from "./alteration.js";

/** The property under which delta-spark takes a table's comment; it is kept apart from the others. */
export const COMMENT_PROPERTY = "comment";

/**
 * COMMENT ON TABLE: the `description` of the metadata (PROTOCOL.md, "Change Metadata"); `undefined` when it is
 * that already. The history tells of it as of a property, as delta-spark's does.
 */
export function planComment(
  { metadata }: TableState,
  { comment }: Alteration & { kind: "set-table-comment" },
): AlteredParts | undefined {
  if (comment === metadata.description) return undefined;
  return {
    comment: { text: comment },
    ...(comment === undefined
      ? {
          operation: "UNSET TBLPROPERTIES",
          parameters: { properties: stringifyJson([COMMENT_PROPERTY]), ifExists: true },
        }
      : {
          operation: "SET TBLPROPERTIES",
          parameters: { properties: stringifyJson({ [COMMENT_PROPERTY]: comment }) },
        }),
  };
}
