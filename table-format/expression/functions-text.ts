import type { FunctionTable } from "./call.js";
import { engineRegex } from "./regex.js";
import { BOOLEAN, callSql, INTEGER, made, STRING, stringSql, type TypedSql } from "./typed-sql.js";

type Call = Parameters<FunctionTable[string]["compile"]>[0];

const MANY = 64;

// Letters that Java, which Spark runs on, maps to several letters or by what stands around them, and DuckDB
// to one: sharp s, dotted I, the final sigma, ligatures and the Greek letters with a iota or a breathing. The
// others are those whose other case came with a Unicode that one of the two does not know yet.
const SPECIAL_LETTERS =
  "[ßİŉǰΐΰΣ\\x{019b}\\x{0264}\\x{0587}\\x{1e96}-\\x{1e9e}\\x{1f00}-\\x{1fff}\\x{a7cb}-\\x{a7dc}\\x{fb00}-\\x{fb17}]";

/** Functions of strings. A position counts characters (code points), from 1. */
export const TEXT_FUNCTIONS: FunctionTable = {
  lower: { least: 1, most: 1, compile: (call) => letterCase("lower", call) },
  lcase: { least: 1, most: 1, compile: (call) => letterCase("lower", call) },
  upper: { least: 1, most: 1, compile: (call) => letterCase("upper", call) },
  ucase: { least: 1, most: 1, compile: (call) => letterCase("upper", call) },
  trim: { least: 1, most: 1, compile: (call) => trim("trim", call) },
  btrim: { least: 1, most: 2, compile: (call) => trim("trim", call) },
  ltrim: { least: 1, most: 1, compile: (call) => trim("ltrim", call) },
  rtrim: { least: 1, most: 1, compile: (call) => trim("rtrim", call) },
  // TRIM(LEADING chars FROM text) and TRIM(TRAILING chars FROM text).
  ltrim_of: { least: 1, most: 2, compile: (call) => trim("ltrim", call) },
  rtrim_of: { least: 1, most: 2, compile: (call) => trim("rtrim", call) },
  length: { least: 1, most: 1, compile: length },
  len: { least: 1, most: 1, compile: length },
  char_length: { least: 1, most: 1, compile: length },
  character_length: { least: 1, most: 1, compile: length },
  substring: { least: 2, most: 3, compile: substring },
  substr: { least: 2, most: 3, compile: substring },
  left: {
    least: 2,
    most: 2,
    compile: (call) => {
      const [text, count] = [call.text(0), call.as(1, INTEGER)];
      return made(`left(${text.sql}, ${atLeastZero(count)})`, STRING, [text, count]);
    },
  },
  right: {
    least: 2,
    most: 2,
    compile: (call) => {
      const [text, count] = [call.text(0), call.as(1, INTEGER)];
      return made(`right(${text.sql}, ${atLeastZero(count)})`, STRING, [text, count]);
    },
  },
  concat: {
    least: 1,
    most: MANY,
    compile: (call) => {
      const parts = call.args.map((_, index) => call.text(index));
      return made(parts.map((part) => part.sql).join(" || "), STRING, parts);
    },
  },
  concat_ws: {
    least: 2,
    most: MANY,
    compile: (call) => {
      if (call.args.some((arg) => arg.type.type === "array")) throw call.wrongTypes();
      return callSql(
        "concat_ws",
        call.args.map((_, index) => call.text(index)),
        STRING,
      );
    },
  },
  replace: {
    least: 3,
    most: 3,
    compile: (call) => callSql("replace", [call.text(0), call.text(1), call.text(2)], STRING),
  },
  instr: {
    least: 2,
    most: 2,
    compile: (call) => {
      const [text, part] = [call.text(0), call.text(1)];
      return made(`CAST(instr(${text.sql}, ${part.sql}) AS INTEGER)`, INTEGER, [text, part]);
    },
  },
  startswith: { least: 2, most: 2, compile: (call) => test("starts_with", call) },
  endswith: { least: 2, most: 2, compile: (call) => test("suffix", call) },
  contains: { least: 2, most: 2, compile: (call) => test("contains", call) },
  lpad: { least: 2, most: 3, compile: (call) => pad("lpad", call) },
  rpad: { least: 2, most: 3, compile: (call) => pad("rpad", call) },
  md5: { least: 1, most: 1, compile: (call) => digest("md5", call) },
  sha: { least: 1, most: 1, compile: (call) => digest("sha1", call) },
  sha1: { least: 1, most: 1, compile: (call) => digest("sha1", call) },
  sha2: {
    least: 2,
    most: 2,
    compile: (call) => {
      const bits = call.literalWhole(1);
      if (bits !== 256n && bits !== 0n) throw call.wrongTypes();
      return digest("sha256", call);
    },
  },
  regexp_like: { least: 2, most: 2, compile: matches },
  rlike: { least: 2, most: 2, compile: matches },
  regexp_extract: {
    least: 2,
    most: 3,
    compile: (call) => {
      const text = call.text(0);
      const group = call.args.length === 3 ? call.literalWhole(2) : 1n;
      if (group < 0n || group > 9n) throw call.wrongTypes();
      const pattern = stringSql(engineRegex(call.literalText(1), "extract"));
      return made(`regexp_extract(${text.sql}, ${pattern}, ${group})`, STRING, [text]);
    },
  },
};

function letterCase(name: "lower" | "upper", call: Call): TypedSql {
  const text = call.text(0);
  const error = call.context.fail(`${name} of a letter that engines treat differently`);
  const isPlain = `strlen(${text.sql}) = length(${text.sql})`;
  const isSpecial = `regexp_matches(${text.sql}, ${stringSql(SPECIAL_LETTERS)})`;
  return made(
    `CASE WHEN ${isPlain} THEN ${name}(${text.sql}) WHEN ${isSpecial} THEN ${error} ELSE ${name}(${text.sql}) END`,
    STRING,
    [text],
    true,
  );
}

/** Spark takes spaces off, and no other blanks, unless it is told which characters. */
function trim(name: string, call: Call): TypedSql {
  const text = call.text(0);
  const characters = call.args.length === 2 ? call.text(1) : { sql: "' '", type: STRING, mayFail: false };
  return callSql(name, [text, characters], STRING);
}

/** Characters of a string, bytes of a binary. */
function length(call: Call): TypedSql {
  const isBinary = call.at(0).type.type === "binary";
  const of = isBinary ? call.at(0) : call.text(0);
  return made(`CAST(${isBinary ? "octet_length" : "length"}(${of.sql}) AS INTEGER)`, INTEGER, [of]);
}

function substring(call: Call): TypedSql {
  const text = call.text(0);
  const from = call.as(1, INTEGER);
  // Position 0 is 1 in Spark; a length below 0 counts backwards in DuckDB.
  const start = `CASE WHEN ${from.sql} = 0 THEN 1 ELSE ${from.sql} END`;
  if (call.args.length === 2) return made(`substring(${text.sql}, ${start})`, STRING, [text, from]);
  const count = call.as(2, INTEGER);
  return made(`substring(${text.sql}, ${start}, ${atLeastZero(count)})`, STRING, [text, from, count]);
}

/** NULL stays NULL, which `greatest` would pass over. */
function atLeastZero(count: TypedSql): string {
  return `CASE WHEN ${count.sql} < 0 THEN 0 ELSE ${count.sql} END`;
}

function pad(name: string, call: Call): TypedSql {
  const text = call.text(0);
  const count = call.as(1, INTEGER);
  const filler = call.args.length === 3 ? call.literalText(2) : " ";
  if (filler === "") throw call.wrongTypes();
  return made(`${name}(${text.sql}, ${atLeastZero(count)}, ${stringSql(filler)})`, STRING, [text, count]);
}

function test(name: string, call: Call): TypedSql {
  return callSql(name, [call.text(0), call.text(1)], BOOLEAN);
}

function matches(call: Call): TypedSql {
  const text = call.text(0);
  const pattern = stringSql(engineRegex(call.literalText(1), "any"));
  return made(`regexp_matches(${text.sql}, ${pattern})`, BOOLEAN, [text]);
}

/** Of the bytes, which of a string are its UTF-8; in hexadecimal. */
function digest(name: string, call: Call): TypedSql {
  const of = call.at(0).type.type === "binary" ? call.at(0) : call.text(0);
  return callSql(name, [of], STRING);
}
