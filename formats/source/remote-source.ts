import type { RemoteObject } from "../../object-store/index.js";
import type { SourceFile } from "./source-file.js";

/** One input in a store that is far away, as a listing of the store told it. Its bytes are not here. */
export interface RemoteSource {
  /** As a person would name it: `s3://bucket/raw/a.jsonl`, its key as it is, nothing of it escaped. */
  readonly uri: string;
  /** The same, whatever name it was found by. */
  readonly identity: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch; whole seconds where the store's tag tells the rest. */
  readonly modificationTime: number;
  readonly object: RemoteObject;
}

/** One input as it is found: on the local disk, or in a store that it is to be fetched from. */
export type DiscoveredSource = SourceFile | RemoteSource;

export function isRemoteSource(source: DiscoveredSource): source is RemoteSource {
  return "object" in source;
}

export function isLocalSource(source: DiscoveredSource): source is SourceFile {
  return !isRemoteSource(source);
}

/** A place in a store that is far away. */
export interface RemoteLocation {
  /** Of the store, without a slash at its end: `s3://bucket`. */
  readonly root: string;
  /** What follows, without the slash between: an object, a prefix, a pattern, or nothing. */
  readonly key: string;
}

/** Pure: the place that a name says, where it has a scheme other than `file:`. */
export function remoteLocation(name: string): RemoteLocation | undefined {
  const [, scheme = "", authority = "", key = ""] =
    /^([a-z][a-z0-9+.-]+):\/\/([^/]*)\/?(.*)$/is.exec(name) ?? [];
  if (scheme === "" || scheme.toLowerCase() === "file") return undefined;
  return { root: `${scheme}://${authority}`, key };
}
