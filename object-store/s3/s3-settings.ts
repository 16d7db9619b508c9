import { createHash } from "node:crypto";
import { LakeError } from "../../core/index.js";
import type { S3Credentials, S3Encryption, S3Options } from "./s3-options.js";

/** {@link S3Options} with what the environment says and the defaults. */
export interface S3Settings {
  /** `undefined`: the profile's, else `us-east-1`. */
  readonly region: string | undefined;
  /** `undefined`: the profile's, else AWS. */
  readonly endpoint: string | undefined;
  /** `undefined`: where there is an endpoint. */
  readonly pathStyle: boolean | undefined;
  /** `undefined`: the chain of AWS. */
  readonly credentials: S3Credentials | undefined;
  readonly encryption: S3Encryption | undefined;
  readonly requesterPays: boolean;
  /** Requests under way at once. */
  readonly connections: number;
  /** Milliseconds that a request may go without an answer or a byte. */
  readonly timeoutMs: number;
  /** How often a request is sent before its failure is told. */
  readonly attempts: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @throws LakeError `invalid-input` (`s3-option`) for a value that is none, naming the option or variable and never its
 *   value where that may be secret.
 */
export function resolveS3Settings(options: S3Options, env: Environment): S3Settings {
  const variable = (...names: readonly string[]): string | undefined =>
    names.map((name) => env[name]).find((value) => value !== undefined && value !== "");
  const endpoint = options.endpoint ?? variable("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
  return {
    region: options.region ?? variable("AWS_REGION", "AWS_DEFAULT_REGION"),
    endpoint: endpoint === undefined ? undefined : checkedEndpoint(endpoint),
    pathStyle: options.pathStyle ?? flag("GRIZZLY_S3_PATH_STYLE", variable("GRIZZLY_S3_PATH_STYLE")),
    credentials: options.credentials,
    encryption: options.encryption ?? encryptionOf(variable("GRIZZLY_S3_ENCRYPTION")),
    requesterPays:
      options.requesterPays ??
      flag("GRIZZLY_S3_REQUESTER_PAYS", variable("GRIZZLY_S3_REQUESTER_PAYS")) ??
      false,
    connections:
      counted("connections", options.connections) ??
      counted("GRIZZLY_S3_CONNECTIONS", numberOf(variable("GRIZZLY_S3_CONNECTIONS"))) ??
      32,
    timeoutMs: counted("timeoutMs", options.timeoutMs) ?? 30_000,
    attempts: counted("attempts", options.attempts) ?? 5,
  };
}

/** Variables by which the chain of AWS finds its keys and its profile. */
const CHAIN_VARIABLES = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_PROFILE",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/** A text that is the same for settings by which the same service is reached as the same user. A digest: it holds no key. */
export function settingsKey(settings: S3Settings, env: Environment): string {
  const chain = settings.credentials === undefined ? CHAIN_VARIABLES.map((name) => env[name] ?? null) : [];
  return createHash("sha256")
    .update(JSON.stringify([settings, chain]))
    .digest("hex");
}

/** Whether requests go to AWS itself, whose behaviour is known. */
export function isAws(endpoint: string | undefined): boolean {
  return endpoint === undefined || /\.amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);
}

function checkedEndpoint(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(
      "the endpoint of S3 is no URL",
      "Write it like https://s3.example.com or http://localhost:9000.",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid("the endpoint of S3 holds a user or a password", "Give keys as keys, not in the URL.");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw invalid(`the endpoint of S3 begins with ${url.protocol}`, "Write an http:// or https:// URL.");
  }
  return text;
}

function encryptionOf(text: string | undefined): S3Encryption | undefined {
  if (text === undefined) return undefined;
  if (text === "s3") return { kind: "s3" };
  if (text === "kms") return { kind: "kms" };
  if (text.startsWith("kms:")) return { kind: "kms", keyId: text.slice(4) };
  throw invalid("GRIZZLY_S3_ENCRYPTION names no encryption", "Write s3, kms or kms:KEY.");
}

function flag(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(?:1|true|yes|on)$/i.test(text)) return true;
  if (/^(?:0|false|no|off)$/i.test(text)) return false;
  throw invalid(`${name} is neither true nor false`, "Write true or false.");
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function counted(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return value;
  throw invalid(`${name} must be a whole number from 1 up`, "Leave it out for the default.");
}

function invalid(message: string, hint: string): LakeError {
  return new LakeError("invalid-input", "s3-option", message, { hint });
}
