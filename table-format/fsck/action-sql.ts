import { quoteString } from "../../engine/index.js";
import { pathKeySql } from "../log/path-key.js";

/** The fields of `add` and `remove` that checks look at (PROTOCOL.md, "Add File and Remove File"). */
const FILE_FIELDS = [
  "path",
  "partitionValues",
  "size",
  "modificationTime",
  "deletionTimestamp",
  "dataChange",
  "stats",
  "tags",
  "deletionVector",
  "baseRowId",
  "defaultRowCommitVersion",
] as const;

/** Actions that the protocol has; the first one of a line counts. */
export const ACTION_KINDS = [
  "add",
  "remove",
  "metaData",
  "protocol",
  "txn",
  "cdc",
  "commitInfo",
  "domainMetadata",
  "checkpointMetadata",
  "sidecar",
] as const;

/**
 * SQL that turns lines of a log file into rows of a table of actions. One parse a line: the fields come out
 * as the JSON that they are, and their types are told from its first character.
 *
 * @param lines a relation with the columns `version`, `line` and `text`, of valid JSON objects only
 * @param root the table's folder as a URI
 */
export function actionsOfLines(lines: string, root: string): string {
  const file = Object.fromEntries(FILE_FIELDS.map((field) => [field, "JSON"]));
  const shape = Object.fromEntries(
    ACTION_KINDS.map((kind) => [kind, kind === "add" || kind === "remove" ? file : "JSON"]),
  );
  const kind = `CASE ${ACTION_KINDS.map((name) => `WHEN a."${name}" IS NOT NULL THEN ${quoteString(name)}`).join(" ")} ELSE json_keys(text)[1] END`;
  const parsed = `SELECT version, line, text, ${kind} AS kind, coalesce(a."add", a."remove") AS f
    FROM (SELECT *, json_transform(text, ${quoteString(JSON.stringify(shape))}) AS a FROM (${lines}))`;
  const text = (field: string): string =>
    `CASE WHEN starts_with(f.${field}, '"') THEN json_extract_string(f.${field}, '$') END`;
  return `SELECT version, line, kind,
      CASE kind WHEN 'add' THEN true WHEN 'remove' THEN false END AS live,
      ${text("path")} AS path,
      ${pathKeySql(`(${text("path")})`, root)} AS key,
      ${vectorIdSql("f.deletionVector")} AS dv_id,
      f.deletionVector::VARCHAR AS dv,
      TRY_CAST(f.size::VARCHAR AS BIGINT) AS size,
      TRY(json_transform(f.partitionValues, '"MAP(VARCHAR,VARCHAR)"')) AS partition_values,
      ${text("stats")} AS stats,
      f.tags::VARCHAR AS tags,
      TRY_CAST(f.baseRowId::VARCHAR AS BIGINT) AS base_row_id,
      TRY_CAST(f.defaultRowCommitVersion::VARCHAR AS BIGINT) AS default_row_commit_version,
      TRY_CAST(f.dataChange::VARCHAR AS BOOLEAN) AS data_change,
      CASE WHEN kind IN ('add', 'remove') THEN ${faultsSql()} END AS faults,
      CASE WHEN kind NOT IN ('add', 'remove') THEN text END AS json
    FROM (${parsed})`;
}

/** A deletion vector's unique id from its descriptor's JSON (PROTOCOL.md, "Derived Fields"). */
function vectorIdSql(json: string): string {
  const part = (field: string): string => `json_extract_string(${json}, '$.${field}')`;
  return `CASE WHEN ${json} IS NOT NULL THEN concat(${part("storageType")}, ${part("pathOrInlineDv")}, '@' || ${part("offset")}) END`;
}

const WHOLE = "'-?[0-9]+'";

function faultsSql(): string {
  const missing = (field: string): string => `f.${field} IS NULL`;
  const isWhole = (field: string): string => `regexp_full_match(f.${field}::VARCHAR, ${WHOLE})`;
  const isText = (field: string): string => `starts_with(f.${field}, '"')`;
  const required = (field: string, is: string, what: string, onlyAdd: boolean): string =>
    `CASE WHEN ${onlyAdd ? "kind = 'add' AND " : ""}${missing(field)} THEN '${field} is missing' WHEN NOT (${is}) THEN '${field} is not ${what}' END`;
  const optional = (field: string, is: string, what: string): string =>
    `CASE WHEN f.${field} IS NOT NULL AND NOT (${is}) THEN '${field} is not ${what}' END`;
  const values = `map_values(json_transform(f.partitionValues, '"MAP(VARCHAR,JSON)"'))`;
  const strings = `starts_with(f.partitionValues, '{') AND len(list_filter(${values}, lambda v: NOT starts_with(v, '"'))) = 0`;
  const vector = (field: string): string => `json_extract(f.deletionVector, '$.${field}')::VARCHAR`;
  const vectorIs = [
    "starts_with(f.deletionVector, '{')",
    `${vector("storageType")} IN ('"u"', '"i"', '"p"')`,
    `coalesce(starts_with(${vector("pathOrInlineDv")}, '"'), false)`,
    `coalesce(regexp_full_match(${vector("sizeInBytes")}, '[0-9]+'), false)`,
    `coalesce(regexp_full_match(${vector("cardinality")}, '[0-9]+'), false)`,
    `coalesce(regexp_full_match(${vector("offset")}, '[0-9]+'), true)`,
  ].join(" AND ");
  const faults = [
    "CASE WHEN f IS NULL THEN 'it is not an object' END",
    `CASE WHEN ${missing("path")} THEN 'path is missing' WHEN NOT (${isText("path")}) THEN 'path is not a string' END`,
    required("partitionValues", strings, "an object of strings", true),
    required("size", isWhole("size"), "a whole number", true),
    required("modificationTime", isWhole("modificationTime"), "a whole number", true),
    optional("dataChange", "f.dataChange::VARCHAR IN ('true', 'false')", "true or false"),
    optional("stats", isText("stats"), "a string"),
    optional("baseRowId", isWhole("baseRowId"), "a whole number"),
    optional("defaultRowCommitVersion", isWhole("defaultRowCommitVersion"), "a whole number"),
    optional("deletionVector", vectorIs, "a deletion vector descriptor"),
  ];
  return `list_filter([${faults.join(", ")}], lambda fault: fault IS NOT NULL)`;
}
