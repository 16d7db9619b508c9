import { stringifyJson } from "../../core/index.js";
import { changedProtocol } from "../protocol/new-protocol.js";
import { protocolFeatures, withoutFeature } from "../protocol/upgrade.js";
import { serializeSchema } from "../schema/index.js";
import type { Alteration, AlteredParts, PlannedChange, TableState } from "./alteration.js";
import { planColumnChange } from "./plan-column-change.js";
import { planAddedColumns, planDroppedColumns, planRenamedColumn } from "./plan-columns.js";
import { planComment } from "./plan-comment.js";
import { planDroppedFeature } from "./plan-dropped-feature.js";
import { setProperties, unsetProperties } from "./plan-properties.js";
import { planAddedConstraint, planClustering, planDroppedConstraint } from "./plan-rules.js";
import { tracksRows } from "./property-effects.js";
import { checkReservedColumns } from "./reserved-columns.js";

/**
 * Plans a change of a table against the version that was read; `undefined` when nothing is to be done.
 * Features that the change uses join the protocol, and the history says so.
 *
 * @throws LakeError `invalid-input`, `already-exists`, `not-found`, `unsupported`, each naming what stands
 *   in the way.
 */
export function planAlteration(
  state: TableState,
  alteration: Alteration,
  newUuid: () => string,
): PlannedChange | undefined {
  const parts = alteredParts(state, alteration, newUuid);
  return parts === undefined ? undefined : plannedChange(state, parts);
}

function alteredParts(
  state: TableState,
  alteration: Alteration,
  newUuid: () => string,
): AlteredParts | undefined {
  switch (alteration.kind) {
    case "set-properties":
      return setProperties(state, alteration, newUuid);
    case "unset-properties":
      return unsetProperties(state, alteration, newUuid);
    case "add-columns":
      return planAddedColumns(state, alteration, newUuid);
    case "drop-columns":
      return planDroppedColumns(state, alteration);
    case "rename-column":
      return planRenamedColumn(state, alteration);
    case "change-column":
      return planColumnChange(state, alteration);
    case "add-constraint":
      return planAddedConstraint(state, alteration);
    case "drop-constraint":
      return planDroppedConstraint(state, alteration);
    case "set-table-comment":
      return planComment(state, alteration);
    case "cluster-by":
      return planClustering(state, alteration);
    case "drop-feature":
      return planDroppedFeature(state, alteration, newUuid);
  }
}

function plannedChange(state: TableState, parts: AlteredParts): PlannedChange {
  const before = state.metadata;
  const metadata = {
    ...before,
    schemaString: parts.schema === undefined ? before.schemaString : serializeSchema(parts.schema),
    configuration: parts.configuration ?? before.configuration,
    partitionColumns: parts.partitionColumns ?? before.partitionColumns,
    description: parts.comment === undefined ? before.description : parts.comment.text,
  };
  checkReservedColumns(parts.schema ?? state.schema, metadata);
  const changed =
    parts.dropped === undefined
      ? changedProtocol(state.protocol, before, metadata, parts.asked ?? [])
      : { protocol: withoutFeature(state.protocol, parts.dropped), added: [] };
  const isNewProtocol = changed.added.length > 0 || parts.dropped !== undefined;
  const saysProtocol = {
    newProtocol: stringifyJson({
      minReaderVersion: changed.protocol.minReaderVersion,
      minWriterVersion: changed.protocol.minWriterVersion,
      features: protocolFeatures(changed.protocol),
    }),
  };
  return {
    metadata: changesMetadata(parts) ? metadata : undefined,
    protocol: isNewProtocol ? changed.protocol : undefined,
    domains: parts.domains ?? [],
    featuresAdded: changed.added,
    operation: parts.operation,
    parameters: { ...parts.parameters, ...(changed.added.length > 0 ? saysProtocol : {}) },
    check: parts.check,
    needsRowIds: tracksRows(metadata.configuration) && !tracksRows(before.configuration),
  };
}

/** Only a domain changes with the clustering. */
function changesMetadata({ schema, configuration, comment }: AlteredParts): boolean {
  return schema !== undefined || configuration !== undefined || comment !== undefined;
}
