import { LakeError, stringifyJson } from "../../core/index.js";
import { askedProperties, withoutProperties } from "../protocol/property-change.js";
import type { Alteration, AlteredParts, TableState } from "./alteration.js";
import { COMMENT_PROPERTY } from "./plan-comment.js";
import { withEffects } from "./property-effects.js";

/**
 * SET TBLPROPERTIES. A property `comment` is the comment of the table, as delta-spark has it.
 *
 * @throws LakeError `invalid-input` naming the property.
 */
export function setProperties(
  { schema, metadata }: TableState,
  { properties }: Alteration & { kind: "set-properties" },
  newUuid: () => string,
): AlteredParts {
  const { configuration, features, asked } = askedProperties(properties);
  const { [COMMENT_PROPERTY]: comment, ...others } = configuration;
  const after = { ...metadata.configuration, ...others };
  return {
    ...withEffects(schema, metadata.configuration, after, newUuid),
    ...(comment === undefined ? {} : { comment: { text: comment } }),
    asked: features,
    operation: "SET TBLPROPERTIES",
    parameters: { properties: stringifyJson(asked) },
  };
}

/**
 * UNSET TBLPROPERTIES; `undefined` when none of the properties is there and that is allowed.
 *
 * @throws LakeError `not-found` for a property that is not set, unless `ifExists`.
 */
export function unsetProperties(
  { schema, metadata }: TableState,
  { names, ifExists }: Alteration & { kind: "unset-properties" },
  newUuid: () => string,
): AlteredParts | undefined {
  // A comment counts as a property, wherever it is kept.
  const comment = metadata.description === undefined ? {} : { [COMMENT_PROPERTY]: metadata.description };
  const present = { ...comment, ...metadata.configuration };
  const { removed, absent } = withoutProperties(present, names);
  if (absent.length > 0 && !ifExists) {
    throw new LakeError("not-found", "property-not-found", `the table has no property ${absent.join(", ")}`, {
      context: { property: absent.join(", ") },
      hint: "Write UNSET TBLPROPERTIES IF EXISTS to pass over it.",
    });
  }
  if (removed.length === 0) return undefined;
  const { configuration } = withoutProperties(metadata.configuration, names);
  return {
    ...withEffects(schema, metadata.configuration, configuration, newUuid),
    ...(removed.includes(COMMENT_PROPERTY) ? { comment: { text: undefined } } : {}),
    operation: "UNSET TBLPROPERTIES",
    parameters: { properties: stringifyJson(removed), ifExists },
  };
}
