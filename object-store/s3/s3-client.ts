import type { S3Client } from "@aws-sdk/client-s3";
import type { S3Settings } from "./s3-settings.js";

/** The SDK as it was loaded. */
export type S3Sdk = typeof import("@aws-sdk/client-s3");

/** A client and what it talks to. */
export interface S3Service {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
  /** Of the options, the environment or the profile; `undefined` for AWS. */
  readonly endpoint: string | undefined;
}

const NO_WARNING = "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED";
/** Milliseconds within which a connection stands, or the try is over. */
const CONNECT_LIMIT = 10_000;

/** Loads the SDK, which takes a tenth of a second that nobody without a store of S3 should pay, and makes a client. */
export async function connectS3(settings: S3Settings): Promise<S3Service> {
  const [sdk, { NodeHttpHandler }] = await Promise.all([
    import("@aws-sdk/client-s3"),
    import("@smithy/node-http-handler"),
  ]);
  const { region, endpoint } = await placeOf(sdk, settings);
  const { connections: maxSockets, timeoutMs, credentials } = settings;
  const client = quietly(
    () =>
      new sdk.S3Client({
        region,
        forcePathStyle: settings.pathStyle ?? endpoint !== undefined,
        // Failures are judged by one loop, ours, which also knows of bodies that break off.
        maxAttempts: 1,
        // Most compatible services know no other checksums than they ask for. What is sent is signed with its SHA-256.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
        // A clock that is off would give commits wrong times: it is told, not corrected.
        disableClockSkewCorrection: true,
        // It would cost a connection each, and what is sent is small enough to be sent again.
        expectContinueHeader: false,
        requestHandler: new NodeHttpHandler({
          connectionTimeout: Math.min(timeoutMs, CONNECT_LIMIT),
          socketTimeout: timeoutMs,
          httpAgent: { keepAlive: true, maxSockets },
          httpsAgent: { keepAlive: true, maxSockets },
        }),
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(credentials === undefined ? {} : { credentials: keysOf(credentials) }),
      }),
  );
  return { sdk, client, endpoint };
}

/** Region and endpoint: the settings', else the profile's. */
async function placeOf(
  sdk: S3Sdk,
  { region, endpoint }: S3Settings,
): Promise<{ readonly region: string; readonly endpoint: string | undefined }> {
  if (region !== undefined && endpoint !== undefined) return { region, endpoint };
  const { config } = quietly(() => new sdk.S3Client({}));
  return {
    // The SDK has no other way to say that no region is set anywhere.
    region: region ?? (await config.region().catch(() => "us-east-1")),
    endpoint: endpoint ?? (await config.serviceConfiguredEndpoint?.()),
  };
}

function keysOf({ accessKeyId, secretAccessKey, sessionToken }: NonNullable<S3Settings["credentials"]>): {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
} {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

/**
 * Makes a client without the SDK's word about future releases and Node 20, which is for who chooses the release:
 * that is this package. The variable is the SDK's own switch, and stands as it stood afterwards.
 */
function quietly<T>(make: () => T): T {
  const before = process.env[NO_WARNING];
  process.env[NO_WARNING] = "true";
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env[NO_WARNING];
    else process.env[NO_WARNING] = before;
  }
}
