import { S3Store } from "./s3.js";
import { S3Connection } from "./s3-connection.js";
import { parseS3Uri } from "./s3-location.js";
import type { S3Options } from "./s3-options.js";
import { type Environment, resolveS3Settings, settingsKey } from "./s3-settings.js";

/** The connections of this process: stores that reach the same service as the same user share one. */
const CONNECTIONS = new Map<string, S3Connection>();

/**
 * Opens the store at `s3://bucket/prefix`. Nothing is loaded or sent until it is used.
 *
 * @throws LakeError `invalid-input` for a malformed location (`store-uri`) or option (`s3-option`).
 */
export function openS3Store(uri: string, options: S3Options, env: Environment): S3Store {
  const location = parseS3Uri(uri);
  const settings = resolveS3Settings(options, env);
  const key = settingsKey(settings, env);
  const connection = CONNECTIONS.get(key) ?? new S3Connection(settings);
  CONNECTIONS.set(key, connection);
  return new S3Store(location, connection);
}
