import { isLakeError } from "../../core/index.js";
import type { Metadata, Protocol } from "../log/actions.js";
import { findFeature } from "../protocol/feature-registry.js";
import { checkProtocol, readerFeatures, writerFeatures } from "../protocol/features.js";
import { missingFeatures } from "../protocol/upgrade.js";
import type { FindingPlace } from "./finding.js";
import type { FindingLog } from "./finding-log.js";
import type { FoundState } from "./table-state.js";

/** The newest versions that a protocol can have (PROTOCOL.md, "Protocol Evolution"). */
const MOST_READER = 3;
const MOST_WRITER = 7;

/** Checks the protocol by itself, and that it names what the table uses. Pure. */
export function checkTableProtocol(state: FoundState, findings: FindingLog): void {
  const { protocol, metadata, domains } = state;
  if (protocol === undefined) {
    findings.add("state-missing", "the log holds no protocol action");
    return;
  }
  const { value, place } = protocol;
  const isKnown = checkVersions(value, place, findings);
  try {
    if (isKnown) checkProtocol(value, "the table");
  } catch (error) {
    if (!isLakeError(error, "corrupt")) throw error;
    findings.add("protocol-invalid", error.message, place);
  }
  const features = new Set([...readerFeatures(value), ...writerFeatures(value)]);
  for (const name of features) checkFeature(name, features, metadata?.value, place, findings);
  if (metadata !== undefined) {
    for (const { name } of missingFeatures(metadata.value, value)) {
      findings.add(
        "feature-missing",
        `the metadata uses the table feature ${name}, which the protocol does not have`,
        metadata.place,
      );
    }
  }
  const [domain] = domains.values();
  if (domain !== undefined && !features.has("domainMetadata")) {
    findings.add(
      "feature-missing",
      `the domain ${domain.value.domain} needs the table feature domainMetadata, which the protocol does not have`,
      domain.place,
    );
  }
}

function checkVersions(protocol: Protocol, place: FindingPlace, findings: FindingLog): boolean {
  const { minReaderVersion: reader, minWriterVersion: writer } = protocol;
  const sides = [
    ["reader", reader, MOST_READER],
    ["writer", writer, MOST_WRITER],
  ] as const;
  for (const [side, version, most] of sides) {
    if (version < 1) findings.add("protocol-invalid", `there is no ${side} version ${version}`, place);
    if (version > most) {
      findings.add(
        "feature-unsupported",
        `the table needs ${side} version ${version} of the protocol, and this release knows those up to ${most}`,
        place,
      );
    }
  }
  return reader >= 1 && reader <= MOST_READER && writer >= 1 && writer <= MOST_WRITER;
}

function checkFeature(
  name: string,
  present: ReadonlySet<string>,
  metadata: Metadata | undefined,
  place: FindingPlace,
  findings: FindingLog,
): void {
  const feature = findFeature(name);
  if (feature === undefined) {
    findings.add(
      "feature-unsupported",
      `the table has the feature ${name}, which this release does not know`,
      place,
    );
    return;
  }
  const isUsed = metadata === undefined || feature.isUsed?.(metadata) !== false;
  if (feature.reads === "refused" || (feature.reads === "dormant" && isUsed)) {
    findings.add(
      "feature-unsupported",
      `the table uses the feature ${name}, which this release does not read`,
      place,
    );
  }
  for (const required of feature.requires) {
    if (present.has(required)) continue;
    findings.add(
      "feature-missing",
      `the table feature ${name} needs ${required}, which the protocol does not have`,
      place,
    );
  }
}
