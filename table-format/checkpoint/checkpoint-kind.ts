import { LakeError } from "../../core/index.js";
import type { Metadata, Protocol } from "../log/actions.js";

/**
 * The kinds of checkpoints (PROTOCOL.md, "Checkpoint Naming Scheme"). `classic` is one file after the V1
 * spec, `multi-part` several; the two others follow the V2 spec, with file actions in sidecars.
 */
export const CHECKPOINT_KINDS = ["classic", "multi-part", "v2-json", "v2-parquet"] as const;

export type CheckpointKind = (typeof CHECKPOINT_KINDS)[number];

/** The kind that a table asks for itself: `v2-parquet` under `delta.checkpointPolicy=v2`, else `classic`. */
export function checkpointKindOf(protocol: Protocol, metadata: Metadata): CheckpointKind {
  const policy = metadata.configuration["delta.checkpointPolicy"]?.toLowerCase();
  return policy === "v2" && hasV2Checkpoints(protocol) ? "v2-parquet" : "classic";
}

/**
 * Checks that a table may have a checkpoint of this kind (PROTOCOL.md, "Checkpoints": V2 only with the
 * feature `v2Checkpoint`, parts only without it).
 *
 * @throws LakeError `invalid-input`.
 */
export function checkCheckpointKind(kind: CheckpointKind, protocol: Protocol, where: string): void {
  const isV2 = kind === "v2-json" || kind === "v2-parquet";
  if (isV2 && !hasV2Checkpoints(protocol)) {
    throw new LakeError(
      "invalid-input",
      "checkpoint-kind",
      `${where} cannot have a ${kind} checkpoint: it does not have the table feature v2Checkpoint`,
      {
        context: { kind, feature: "v2Checkpoint" },
        hint: "Set the table property delta.checkpointPolicy to v2 first, or write a classic checkpoint.",
      },
    );
  }
  if (kind === "multi-part" && hasV2Checkpoints(protocol)) {
    throw new LakeError(
      "invalid-input",
      "checkpoint-kind",
      `${where} cannot have a multi-part checkpoint: its table feature v2Checkpoint forbids them`,
      { context: { kind, feature: "v2Checkpoint" }, hint: "Write a v2-parquet checkpoint instead." },
    );
  }
}

function hasV2Checkpoints(protocol: Protocol): boolean {
  return protocol.writerFeatures?.includes("v2Checkpoint") === true;
}
