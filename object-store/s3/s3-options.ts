/** Keys for S3. They are held by the client and go nowhere else. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** How what is written is encrypted at rest: with S3's own keys, or with one of KMS (default the account's for S3). */
export type S3Encryption =
  | { readonly kind: "s3" }
  | { readonly kind: "kms"; readonly keyId?: string | undefined };

/** How S3, or a service that is compatible with it, is reached. What is left open, the environment and the AWS profile say. */
export interface S3Options {
  /** Default AWS_REGION, else the profile's, else `us-east-1`. */
  readonly region?: string | undefined;
  /** URL of a compatible service; default AWS_ENDPOINT_URL_S3, else AWS_ENDPOINT_URL, else AWS. */
  readonly endpoint?: string | undefined;
  /** Whether the bucket stands in the path of URLs; default where an endpoint is given. GRIZZLY_S3_PATH_STYLE. */
  readonly pathStyle?: boolean | undefined;
  /** Default the chain of AWS: environment, profile, container, machine. */
  readonly credentials?: S3Credentials | undefined;
  /** GRIZZLY_S3_ENCRYPTION: `s3`, `kms` or `kms:KEY`. Default what the bucket says. */
  readonly encryption?: S3Encryption | undefined;
  /** Whether this side pays for requests. GRIZZLY_S3_REQUESTER_PAYS. */
  readonly requesterPays?: boolean | undefined;
  /** Requests under way at once; default 32. GRIZZLY_S3_CONNECTIONS. */
  readonly connections?: number | undefined;
  /** How long one request may go without an answer or a byte, in milliseconds; default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** How often a request is sent before its failure is told; default 5. */
  readonly attempts?: number | undefined;
}
