import { LakeError } from "../../core/index.js";
import type { DataType, StructType } from "../schema/index.js";

/** Rules that only a whole column may have, with the feature that makes them count. */
const COLUMN_ONLY: readonly { readonly key: string; readonly feature: string; readonly what: string }[] = [
  { key: "delta.generationExpression", feature: "generatedColumns", what: "a generation expression" },
  { key: "CURRENT_DEFAULT", feature: "allowColumnDefaults", what: "a default" },
  { key: "delta.identity.start", feature: "identityColumns", what: "an identity" },
];

/**
 * Checks that no field inside a column has a rule that this release follows for whole columns only; to pass
 * over it would be to break it.
 *
 * @throws LakeError `unsupported` naming the field.
 */
export function checkTopLevel(schema: StructType, features: ReadonlySet<string>): void {
  for (const field of schema.fields) checkInside(field.type, field.name, features);
}

function checkInside(type: DataType, path: string, features: ReadonlySet<string>): void {
  switch (type.type) {
    case "struct":
      for (const field of type.fields) {
        const here = `${path}.${field.name}`;
        const found = COLUMN_ONLY.find(
          ({ key, feature }) => field.metadata[key] !== undefined && features.has(feature),
        );
        if (found !== undefined) {
          throw new LakeError(
            "unsupported",
            "nested-column-rule",
            `field ${here} has ${found.what}, which this release follows for whole columns only`,
            { context: { column: here } },
          );
        }
        checkInside(field.type, here, features);
      }
      return;
    case "array":
      checkInside(type.elementType, `${path}.element`, features);
      return;
    case "map":
      checkInside(type.keyType, `${path}.key`, features);
      checkInside(type.valueType, `${path}.value`, features);
      return;
    default:
  }
}
