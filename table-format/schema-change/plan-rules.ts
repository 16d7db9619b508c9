import { LakeError } from "../../core/index.js";
import { columnMappingMode } from "../schema/index.js";
import type { Alteration, AlteredParts, TableState } from "./alteration.js";
import { CLUSTERING_DOMAIN, clusteringColumns, clusteringDomain, logicalPath } from "./clustering.js";
import { constraintSql } from "./column-rules.js";
import { CONSTRAINT_PREFIX } from "./dependents.js";
import { pathText } from "./field-path.js";

/** ADD CONSTRAINT: every row that is there must keep it (PROTOCOL.md, "CHECK Constraints"). */
export function planAddedConstraint(
  { schema, metadata }: TableState,
  { name, expression }: Alteration & { kind: "add-constraint" },
): AlteredParts {
  const present = constraintKey(metadata.configuration, name);
  if (present !== undefined) {
    throw new LakeError(
      "already-exists",
      "constraint-exists",
      `there is a constraint ${name} already: ${metadata.configuration[present]}`,
      { context: { constraint: name }, hint: "Drop it first, or choose another name." },
    );
  }
  const conditionSql = constraintSql(schema, name, expression);
  const key = `${CONSTRAINT_PREFIX}${name.toLowerCase()}`;
  return {
    configuration: { ...metadata.configuration, [key]: expression },
    operation: "ADD CONSTRAINT",
    parameters: { name, expr: expression },
    check: { conditionSql, rule: `the constraint ${name} (${expression})` },
  };
}

/** DROP CONSTRAINT; `undefined` when it is not there and that is allowed. */
export function planDroppedConstraint(
  { metadata }: TableState,
  { name, ifExists }: Alteration & { kind: "drop-constraint" },
): AlteredParts | undefined {
  const key = constraintKey(metadata.configuration, name);
  if (key === undefined) {
    if (ifExists) return undefined;
    throw new LakeError("not-found", "constraint-not-found", `there is no constraint ${name}`, {
      context: { constraint: name },
      hint: "Write DROP CONSTRAINT IF EXISTS to pass over it.",
    });
  }
  const { [key]: expr, ...configuration } = metadata.configuration;
  return {
    configuration,
    operation: "DROP CONSTRAINT",
    parameters: { name, expr: expr ?? "", existed: "true" },
  };
}

/** CLUSTER BY: what is written from now on; no file is rewritten. */
export function planClustering(
  { schema, metadata, domains }: TableState,
  { columns }: Alteration & { kind: "cluster-by" },
): AlteredParts | undefined {
  const { configuration, partitionColumns } = metadata;
  const before = domains.get(CLUSTERING_DOMAIN);
  if (columns.length === 0 && before === undefined) return undefined;
  const mode = columnMappingMode(configuration);
  const old = clusteringColumns(before).map((column) => pathText(logicalPath(schema, column, mode)));
  const domain = clusteringDomain({ schema, partitionColumns, configuration }, columns);
  const now = clusteringColumns(domain).map((column) => pathText(logicalPath(schema, column, mode)));
  return {
    domains: [domain],
    asked: ["clustering"],
    operation: "CLUSTER BY",
    parameters: { oldClusteringColumns: old.join(","), newClusteringColumns: now.join(",") },
  };
}

function constraintKey(configuration: Readonly<Record<string, string>>, name: string): string | undefined {
  const wanted = `${CONSTRAINT_PREFIX}${name}`.toLowerCase();
  return Object.keys(configuration).find((key) => key.toLowerCase() === wanted);
}
