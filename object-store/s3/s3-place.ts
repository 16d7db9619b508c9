import type { ObjectPath } from "../object-store.js";
import type { S3Connection } from "./s3-connection.js";
import { type S3Location, s3Key } from "./s3-location.js";

/** A location and the way to it. */
export interface S3Place {
  readonly connection: S3Connection;
  readonly location: S3Location;
}

/** What every request for an object says. */
export interface ObjectInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly RequestPayer?: "requester";
}

export function objectInput(place: S3Place, path: ObjectPath): ObjectInput {
  return { ...bucketInput(place), Key: s3Key(place.location, path) };
}

export function bucketInput({ connection, location }: S3Place): Omit<ObjectInput, "Key"> {
  return {
    Bucket: location.bucket,
    ...(connection.settings.requesterPays ? { RequestPayer: "requester" } : {}),
  };
}

/** The object's name for messages: as `aws s3` spells it. */
export function objectName({ location }: S3Place, path: string): string {
  return `s3://${location.bucket}/${s3Key(location, path)}`;
}
