import type { Environment } from "../delta-rs.js";
import type { Configuration } from "../spark/spark.js";
import type { RealServer } from "./real-server.js";

/** A table as delta-rs, and this package, name it. */
export function s3Table({ bucket }: RealServer, path: string): string {
  return `s3://${bucket}/${path}`;
}

/** The same table as Spark names it. */
export function s3aTable({ bucket }: RealServer, path: string): string {
  return `s3a://${bucket}/${path}`;
}

/** Lets delta-rs reach the server; it commits with a conditional put then, as it does on S3. */
export function deltaRsEnvironment({ url, s3Options }: RealServer): Environment {
  const { region = "", credentials } = s3Options;
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ALLOW_HTTP: "true",
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials?.accessKeyId ?? "",
    AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? "",
    AWS_CONDITIONAL_PUT: "etag",
  };
}

/** Lets Spark reach the server's bucket (Hadoop, "Configuring different S3 buckets with Per-Bucket Configuration"). */
export function sparkConfiguration({ url, bucket, s3Options }: RealServer): Configuration {
  const { region = "", credentials } = s3Options;
  const entries = {
    endpoint: url,
    "endpoint.region": region,
    "path.style.access": "true",
    "connection.ssl.enabled": "false",
    "access.key": credentials?.accessKeyId ?? "",
    "secret.key": credentials?.secretAccessKey ?? "",
    "attempts.maximum": "2",
  };
  return Object.fromEntries(
    Object.entries(entries).map(([name, value]) => [`fs.s3a.bucket.${bucket}.${name}`, value]),
  );
}
