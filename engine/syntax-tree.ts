import { parse } from "lossless-json";
import { isJsonObject, type JsonObject, type JsonValue, LakeError } from "../core/index.js";

/**
 * Reads what `json_serialize_sql` wrote. Its integers keep all 64 bits; its other numbers are doubles.
 *
 * @throws LakeError `invalid-input` with the parser's message and position.
 */
export function parseSyntaxTree(text: string): JsonObject {
  const tree = parseNumbers(text);
  if (!isJsonObject(tree)) throw new LakeError("internal", "syntax-tree", "the parser returned no tree");
  if (tree["error"] !== true) return tree;
  const position = tree["position"];
  throw new LakeError("invalid-input", "sql-syntax", String(tree["error_message"]), {
    context: position === undefined ? {} : { position: Number(position) },
  });
}

function parseNumbers(text: string): JsonValue {
  try {
    return parse(text, undefined, exactNumber) as JsonValue;
  } catch (error) {
    // The engine writes an infinite literal as a bare Infinity, which is not JSON.
    throw new LakeError(
      "unsupported",
      "sql-literal",
      "a number in the statement is beyond the range of DOUBLE",
      {
        hint: "Write 'infinity'::DOUBLE for it.",
        cause: error,
      },
    );
  }
}

function exactNumber(text: string): number | bigint {
  const number = Number(text);
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}
