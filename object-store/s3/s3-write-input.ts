import type { S3Encryption } from "./s3-options.js";

/** The metadata (`x-amz-meta-...`) by which a put knows its object again. */
export const PUT_TOKEN = "grizzly-put";

/** What a request that makes an object says of it. */
export interface NewObjectInput {
  readonly Metadata: { readonly [PUT_TOKEN]: string };
  readonly ServerSideEncryption?: "AES256" | "aws:kms";
  readonly SSEKMSKeyId?: string;
}

export function newObjectInput(token: string, encryption: S3Encryption | undefined): NewObjectInput {
  const Metadata = { [PUT_TOKEN]: token };
  switch (encryption?.kind) {
    case undefined:
      return { Metadata };
    case "s3":
      return { Metadata, ServerSideEncryption: "AES256" };
    case "kms":
      return {
        Metadata,
        ServerSideEncryption: "aws:kms",
        ...(encryption.keyId === undefined ? {} : { SSEKMSKeyId: encryption.keyId }),
      };
  }
}
