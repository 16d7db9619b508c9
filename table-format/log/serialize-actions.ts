import { type JsonObject, stringifyJson } from "../../core/index.js";
import { deletionVectorJson } from "../deletion-vector/index.js";
import type { Action, AddFile, Metadata, RemoveFile } from "./actions.js";

/** The text of a log entry: one action a line, a line feed after each. */
export function serializeCommit(actions: readonly Action[]): string {
  return actions.map((action) => `${stringifyJson(actionJson(action))}\n`).join("");
}

function actionJson(action: Action): JsonObject {
  switch (action.kind) {
    case "add":
      return { add: fileJson(action.add) };
    case "remove":
      return { remove: fileJson(action.remove) };
    case "cdc":
      return { cdc: { ...action.cdc } };
    case "metaData":
      return { metaData: metadataJson(action.metaData) };
    case "protocol":
      return { protocol: { ...action.protocol } };
    case "txn":
      return { txn: { ...action.txn } };
    case "domainMetadata":
      return { domainMetadata: { ...action.domainMetadata } };
    case "commitInfo":
      return { commitInfo: action.commitInfo };
    case "other":
      return { [action.name]: action.value };
  }
}

function fileJson(file: AddFile | RemoveFile): JsonObject {
  const { deletionVector, ...rest } = file;
  return deletionVector === undefined
    ? rest
    : { ...rest, deletionVector: deletionVectorJson(deletionVector) };
}

/** The JSON of a `metaData` action. */
export function metadataJson(metadata: Metadata): JsonObject {
  const { provider, formatOptions, ...rest } = metadata;
  return { ...rest, format: { provider, options: formatOptions } };
}
