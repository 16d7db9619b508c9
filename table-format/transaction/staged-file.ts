import { isJsonObject, type JsonValue, LakeError } from "../../core/index.js";
import { type ObjectPath, type ObjectStore, objectPath } from "../../object-store/index.js";
import type { Action } from "../log/actions.js";
import { LOG_FOLDER } from "../log/log-path.js";
import { parseCommit } from "../log/parse-actions.js";
import { serializeCommit } from "../log/serialize-actions.js";
import type { StagedCommit } from "./staged-commit.js";
import { parseReads, readsJson } from "./staged-reads.js";

// Where commits lie that are not in the log. Listings of the log come to it after every version, and other
// systems that stage commits have chosen the same folder.
const FOLDER = `${LOG_FOLDER}/_staged_commits`;

/** @param uuid tells apart what several writers stage for one version */
export function stagedPath(version: bigint, uuid: string): ObjectPath {
  return objectPath(`${FOLDER}/${version.toString().padStart(20, "0")}.${uuid}.json`);
}

/** A staged commit that names the files it replaces, as all do whose place is found by several processes. */
export interface SharedCommit extends StagedCommit {
  readonly replaces: Extract<StagedCommit["replaces"], { readonly kind: "none" | "files" }>;
}

/**
 * The text of a staged commit: the actions of a log entry, which it may become, and in `commitInfo` what decides
 * where it may stand.
 */
export function serializeStaged(staged: SharedCommit): string {
  const { reads = [], dataChange, provenance } = staged;
  const actions: Action[] = [
    {
      kind: "commitInfo",
      commitInfo: {
        operation: staged.operation,
        operationParameters: staged.operationParameters,
        operationMetrics: { ...staged.operationMetrics },
        engineInfo: staged.engineInfo,
        staged: {
          reads: readsJson(reads),
          ...(dataChange === undefined ? {} : { dataChange }),
          ...(provenance === undefined ? {} : { provenance }),
        },
      },
    },
  ];
  if (staged.protocol !== undefined) actions.push({ kind: "protocol", protocol: staged.protocol });
  if (staged.metadata !== undefined) actions.push({ kind: "metaData", metaData: staged.metadata });
  for (const domainMetadata of staged.domains ?? []) actions.push({ kind: "domainMetadata", domainMetadata });
  for (const txn of staged.transactions ?? []) actions.push({ kind: "txn", txn });
  for (const { partition: _, ...file } of staged.replaces.kind === "files" ? staged.replaces.files : []) {
    const remove = { ...file, deletionTimestamp: 0n, dataChange: true, extendedFileMetadata: true } as const;
    actions.push({ kind: "remove", remove });
  }
  for (const add of staged.adds) actions.push({ kind: "add", add });
  for (const cdc of staged.changes ?? []) actions.push({ kind: "cdc", cdc });
  return serializeCommit(actions);
}

/** @throws LakeError `corrupt`. */
export function parseStaged(text: string, where: string): SharedCommit {
  const actions = parseCommit(text, where);
  const info = actions.find((action) => action.kind === "commitInfo")?.commitInfo;
  const about = info?.["staged"];
  const { operation, operationParameters, operationMetrics, engineInfo } = info ?? {};
  if (
    !isJsonObject(about) ||
    typeof operation !== "string" ||
    typeof engineInfo !== "string" ||
    !isJsonObject(operationParameters)
  ) {
    throw new LakeError("corrupt", "staged-commit", `${where} does not say how it is to be committed`, {
      context: { file: where },
    });
  }
  const { dataChange, provenance, reads } = about;
  const removes = ofKind(actions, "remove").map(({ remove }) => ({ ...remove, partition: {} }));
  return {
    operation,
    operationParameters,
    operationMetrics: textsOf(operationMetrics),
    engineInfo,
    provenance: isJsonObject(provenance) ? provenance : undefined,
    protocol: ofKind(actions, "protocol")[0]?.protocol,
    metadata: ofKind(actions, "metaData")[0]?.metaData,
    domains: ofKind(actions, "domainMetadata").map(({ domainMetadata }) => domainMetadata),
    transactions: ofKind(actions, "txn").map(({ txn }) => txn),
    replaces: removes.length === 0 ? { kind: "none" } : { kind: "files", files: removes },
    adds: ofKind(actions, "add").map(({ add }) => add),
    changes: ofKind(actions, "cdc").map(({ cdc }) => cdc),
    reads: parseReads(reads),
    dataChange: typeof dataChange === "boolean" ? dataChange : undefined,
  };
}

/** @throws LakeError `not-found`, `corrupt`. */
export async function readStaged(
  store: ObjectStore,
  path: ObjectPath,
  signal?: AbortSignal,
): Promise<SharedCommit> {
  return parseStaged(new TextDecoder().decode(await store.get(path, { signal })), path);
}

export function ofKind<K extends Action["kind"]>(
  actions: readonly Action[],
  kind: K,
): Extract<Action, { readonly kind: K }>[] {
  return actions.filter((action): action is Extract<Action, { readonly kind: K }> => action.kind === kind);
}

function textsOf(json: JsonValue | undefined): Readonly<Record<string, string>> {
  if (!isJsonObject(json)) return {};
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, String(value)]));
}
