import { randomUUID } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, onTestFinished, test } from "vitest";
import type { S3Options } from "../../object-store/index.js";

export interface S3ServerPlace {
  readonly bucket: string;
  readonly s3Options: S3Options;
}

/** A client of a server, without retries, closed when the running test is over. */
export function clientOf({ endpoint, region, pathStyle, credentials }: S3Options): S3Client {
  if (endpoint === undefined || region === undefined || credentials === undefined) {
    throw new Error("a test server has an endpoint, a region and keys");
  }
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: pathStyle === true,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  return client;
}

/** How S3 refused: status and code. An answer without a body has no code, and the client names it by its status. */
export async function refusalOf(
  sent: Promise<unknown>,
): Promise<{ readonly status: number | undefined; readonly code: string }> {
  const error: unknown = await sent.then(
    () => {
      throw new Error("the request was not refused");
    },
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw error;
  // Errors of the SDK carry what it knows of the answer; this is the border.
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return { status: $metadata?.httpStatusCode, code: error.name };
}

const KEYS = ["a", "a b", "b+c", "d/e/f", "p=1/q=%2F", "ü", "～", "𝄞", "x'(y)*!", "amp&<lt>"];
const PART_BYTES = 5 << 20;

/**
 * What a server must do as S3 does it: run on the server of test/support/s3-endpoint and on a real one, so that what
 * the first one says is no fiction.
 *
 * @param place the server of the running test; keys are new for each test
 * @param unknownKey how an access key that nobody has is refused; default as S3 does
 */
export function describeS3Server(
  name: string,
  place: () => Promise<S3ServerPlace>,
  unknownKey = { status: 403, code: "InvalidAccessKeyId" },
): void {
  interface Fixture {
    readonly client: S3Client;
    readonly Bucket: string;
    /** Ends in a slash. */
    readonly root: string;
    put(key: string, body: string, more?: object): Promise<unknown>;
    get(key: string, more?: object): Promise<string>;
    keys(more?: object): Promise<string[]>;
  }

  async function fixture(): Promise<Fixture> {
    const { bucket: Bucket, s3Options } = await place();
    const client = clientOf(s3Options);
    const root = `${randomUUID()}/`;
    return {
      client,
      Bucket,
      root,
      put: (key, Body, more = {}) =>
        client.send(new PutObjectCommand({ Bucket, Key: root + key, Body, ...more })),
      get: async (key, more = {}) => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: root + key, ...more }));
        return (await Body?.transformToString()) ?? "";
      },
      keys: async (more = {}) => {
        const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: root, ...more }));
        return (listed.Contents ?? []).map(({ Key = "" }) => Key.slice(root.length));
      },
    };
  }

  describe(`${name} does as S3 does`, () => {
    test("an object comes back with its length, its etag and its metadata", async () => {
      const { client, Bucket, root, put } = await fixture();
      await put("x", "hello", { Metadata: { token: "t-1" }, ContentType: "text/plain" });
      const head = await client.send(new HeadObjectCommand({ Bucket, Key: `${root}x` }));
      expect(head).toMatchObject({
        ContentLength: 5,
        ETag: '"5d41402abc4b2a76b9719d911017c592"',
        Metadata: { token: "t-1" },
        ContentType: "text/plain",
      });
      expect(Math.abs((head.LastModified?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
      const got = await client.send(new GetObjectCommand({ Bucket, Key: `${root}x` }));
      expect(await got.Body?.transformToString()).toBe("hello");
      expect(got).toMatchObject({ ETag: head.ETag, Metadata: head.Metadata });
    });

    test("an empty object is one", async () => {
      const { client, Bucket, root, put, get } = await fixture();
      await put("empty", "");
      expect(await get("empty")).toBe("");
      const head = await client.send(new HeadObjectCommand({ Bucket, Key: `${root}empty` }));
      expect(head.ContentLength).toBe(0);
    });

    test.each([
      ["bytes=3-6", "3456", "bytes 3-6/10"],
      ["bytes=8-99", "89", "bytes 8-9/10"],
      ["bytes=7-", "789", "bytes 7-9/10"],
      ["bytes=-2", "89", "bytes 8-9/10"],
      ["bytes=-99", "0123456789", "bytes 0-9/10"],
    ])("range %s gives %j", async (Range, expected, ContentRange) => {
      const { client, Bucket, root, put } = await fixture();
      await put("digits", "0123456789");
      const got = await client.send(new GetObjectCommand({ Bucket, Key: `${root}digits`, Range }));
      expect(await got.Body?.transformToString()).toBe(expected);
      expect(got).toMatchObject({
        ContentRange,
        ContentLength: expected.length,
        $metadata: { httpStatusCode: 206 },
      });
    });

    test("a range behind the end is refused", async () => {
      const { put, get } = await fixture();
      await put("digits", "0123456789");
      const refused = { status: 416, code: "InvalidRange" };
      expect(await refusalOf(get("digits", { Range: "bytes=10-11" }))).toEqual(refused);
      expect(await refusalOf(get("digits", { Range: "bytes=-0" }))).toEqual(refused);
    });

    test("a read of another content than the one named is refused", async () => {
      const { put, get } = await fixture();
      await put("x", "hello");
      expect(await get("x", { IfMatch: '"5d41402abc4b2a76b9719d911017c592"', Range: "bytes=0-0" })).toBe("h");
      expect(await refusalOf(get("x", { IfMatch: '"0"' }))).toEqual({
        status: 412,
        code: "PreconditionFailed",
      });
    });

    test("what is not there is told by the code, or by the status where there is no body", async () => {
      const { client, Bucket, root, get } = await fixture();
      expect(await refusalOf(get("none"))).toEqual({ status: 404, code: "NoSuchKey" });
      const head = new HeadObjectCommand({ Bucket, Key: `${root}none` });
      expect(await refusalOf(client.send(head))).toEqual({ status: 404, code: "NotFound" });
      const none = { Bucket: `${Bucket}-none`, Key: "x" };
      const gone = { status: 404, code: "NoSuchBucket" };
      expect(await refusalOf(client.send(new GetObjectCommand(none)))).toEqual(gone);
      expect(await refusalOf(client.send(new PutObjectCommand({ ...none, Body: "x" })))).toEqual(gone);
      expect(await refusalOf(client.send(new ListObjectsV2Command(none)))).toEqual(gone);
      const bucket = new HeadBucketCommand({ Bucket: none.Bucket });
      expect(await refusalOf(client.send(bucket))).toMatchObject({ status: 404 });
      await client.send(new HeadBucketCommand({ Bucket }));
    });

    test("a put that must find nothing is refused when there is something", async () => {
      const { client, Bucket, root, put, get } = await fixture();
      await put("x", "first", { IfNoneMatch: "*" });
      const refused = { status: 412, code: "PreconditionFailed" };
      expect(await refusalOf(put("x", "second", { IfNoneMatch: "*" }))).toEqual(refused);
      expect(await get("x")).toBe("first");
      await client.send(new DeleteObjectCommand({ Bucket, Key: `${root}x` }));
      await put("x", "third", { IfNoneMatch: "*" });
      expect(await get("x")).toBe("third");
    });

    test("of eight that put at once where nothing may be, one wins, every time", async () => {
      const { put, get } = await fixture();
      for (let round = 0; round < 40; round++) {
        const puts = Array.from({ length: 8 }, (_, i) => put(`${round}`, `${i}`, { IfNoneMatch: "*" }));
        const ended = await Promise.allSettled(puts);
        const won = ended.flatMap(({ status }, i) => (status === "fulfilled" ? [String(i)] : []));
        expect(won).toEqual([await get(`${round}`)]);
      }
    });

    test("keys of all kinds come back, in the order of their bytes", async () => {
      const { put, get, keys } = await fixture();
      for (const key of KEYS) await put(key, key);
      for (const key of KEYS) expect(await get(key)).toBe(key);
      const byBytes = [...KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await keys()).toEqual(byBytes);
    });

    test("a listing goes on where a page ends, and begins behind a key", async () => {
      const { client, Bucket, root, put } = await fixture();
      for (const key of ["a", "b-1", "b.x", "b/10", "b/2", "c"]) await put(key, key);
      const pages: string[][] = [];
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: `${root}b`,
            MaxKeys: 2,
            ...(token === undefined ? { StartAfter: `${root}b-1` } : { ContinuationToken: token }),
          }),
        );
        pages.push(
          (page.Contents ?? []).map(({ Key = "", Size = -1 }) => `${Key.slice(root.length)}:${Size}`),
        );
        expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
        token = page.NextContinuationToken;
      } while (token !== undefined);
      expect(pages).toEqual([["b.x:3", "b/10:4"], ["b/2:3"]]);
    });

    test("a listing tells etags, and gathers what has a prefix in common", async () => {
      const { client, Bucket, root, put } = await fixture();
      for (const key of ["a", "b/1", "b/2/3", "c/4"]) await put(key, "hello");
      const listed = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix: root, Delimiter: "/", EncodingType: "url" }),
      );
      expect(listed.Contents?.map(({ ETag }) => ETag)).toEqual(['"5d41402abc4b2a76b9719d911017c592"']);
      const prefixes = listed.CommonPrefixes?.map(({ Prefix = "" }) => decodeURIComponent(Prefix));
      expect(prefixes).toEqual([`${root}b/`, `${root}c/`]);
    });

    test("deletes, one and many, and what is not there is no error", async () => {
      const { client, Bucket, root, put, keys } = await fixture();
      for (const key of KEYS) await put(key, key);
      await client.send(new DeleteObjectCommand({ Bucket, Key: `${root}none` }));
      const Objects = [...KEYS.slice(1), "none"].map((key) => ({ Key: root + key }));
      const deleted = await client.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
      );
      expect(deleted.Errors ?? []).toEqual([]);
      expect(await keys()).toEqual(KEYS.slice(0, 1));
    });

    test("an upload in parts is one object when it is complete, and not before", async () => {
      const { client, Bucket, root, get, keys } = await fixture();
      const of = { Bucket, Key: `${root}big` };
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ ...of, Metadata: { token: "t-2" } }),
      );
      const bodies = [Buffer.alloc(PART_BYTES, "1"), Buffer.from("end")];
      const Parts = await Promise.all(
        bodies.map(async (Body, index) => {
          const PartNumber = index + 1;
          const { ETag } = await client.send(new UploadPartCommand({ ...of, UploadId, PartNumber, Body }));
          return { PartNumber, ETag };
        }),
      );
      expect(await keys()).toEqual([]);
      await client.send(
        new CompleteMultipartUploadCommand({ ...of, UploadId, MultipartUpload: { Parts }, IfNoneMatch: "*" }),
      );
      expect(await get("big", { Range: `bytes=${PART_BYTES - 2}-` })).toBe("11end");
      const head = await client.send(new HeadObjectCommand(of));
      expect(head).toMatchObject({ ContentLength: PART_BYTES + 3, Metadata: { token: "t-2" } });
      expect(head.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    });

    test("an upload in parts does not replace an object where nothing may be, and is there until it is aborted", async () => {
      const { client, Bucket, root, put, get } = await fixture();
      const of = { Bucket, Key: `${root}big` };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(of));
      const { ETag } = await client.send(
        new UploadPartCommand({ ...of, UploadId, PartNumber: 1, Body: "late" }),
      );
      await put("big", "first");
      const complete = new CompleteMultipartUploadCommand({
        ...of,
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
        IfNoneMatch: "*",
      });
      expect(await refusalOf(client.send(complete))).toEqual({ status: 412, code: "PreconditionFailed" });
      expect(await get("big")).toBe("first");
      const uploads = async (): Promise<unknown[]> =>
        (await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: root }))).Uploads ?? [];
      expect(await uploads()).toMatchObject([{ Key: of.Key, UploadId }]);
      await client.send(new AbortMultipartUploadCommand({ ...of, UploadId }));
      expect(await uploads()).toEqual([]);
      expect(await get("big")).toBe("first");
    });

    test("parts that are too small, or were never sent, are refused", async () => {
      const { client, Bucket, root, keys } = await fixture();
      const of = { Bucket, Key: `${root}big` };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(of));
      const sent = [1, 2].map(async (PartNumber) => {
        const { ETag } = await client.send(new UploadPartCommand({ ...of, UploadId, PartNumber, Body: "x" }));
        return { PartNumber, ETag };
      });
      const Parts = await Promise.all(sent);
      const complete = (parts: typeof Parts): Promise<unknown> =>
        client.send(
          new CompleteMultipartUploadCommand({ ...of, UploadId, MultipartUpload: { Parts: parts } }),
        );
      expect(await refusalOf(complete(Parts))).toEqual({ status: 400, code: "EntityTooSmall" });
      const unsent = [{ PartNumber: 3, ETag: '"00000000000000000000000000000000"' }];
      expect(await refusalOf(complete(unsent))).toEqual({ status: 400, code: "InvalidPart" });
      await client.send(new AbortMultipartUploadCommand({ ...of, UploadId }));
      expect(await refusalOf(complete(Parts))).toEqual({ status: 404, code: "NoSuchUpload" });
      expect(await keys()).toEqual([]);
    });

    test("of four uploads that are completed at once where nothing may be, one wins, every time", async () => {
      const { client, Bucket, root, get } = await fixture();
      const upload = async (Key: string, Body: string): Promise<CompleteMultipartUploadCommand> => {
        const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
        const part = { Bucket, Key, UploadId, PartNumber: 1 };
        const { ETag } = await client.send(new UploadPartCommand({ ...part, Body }));
        const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
        return new CompleteMultipartUploadCommand({
          Bucket,
          Key,
          UploadId,
          MultipartUpload,
          IfNoneMatch: "*",
        });
      };
      for (let round = 0; round < 10; round++) {
        const bodies = ["0", "1", "2", "3"];
        const complete = await Promise.all(bodies.map((body) => upload(`${root}${round}`, body)));
        const ended = await Promise.allSettled(complete.map((command) => client.send(command)));
        const won = ended.flatMap(({ status }, i) => (status === "fulfilled" ? [String(i)] : []));
        expect(won).toEqual([await get(`${round}`)]);
      }
    });

    test("wrong keys are refused, each for its own reason", async () => {
      const { bucket: Bucket, s3Options } = await place();
      const right = s3Options.credentials ?? { accessKeyId: "", secretAccessKey: "" };
      const headWith = (credentials: typeof right): Promise<unknown> =>
        clientOf({ ...s3Options, credentials }).send(new ListObjectsV2Command({ Bucket }));
      expect(await refusalOf(headWith({ ...right, secretAccessKey: "wrong" }))).toEqual({
        status: 403,
        code: "SignatureDoesNotMatch",
      });
      expect(await refusalOf(headWith({ ...right, accessKeyId: "UNKNOWN" }))).toEqual(unknownKey);
      expect(
        await refusalOf(
          clientOf({ ...s3Options, region: "eu-west-9" }).send(new ListObjectsV2Command({ Bucket })),
        ),
      ).toEqual({
        status: 400,
        code: "AuthorizationHeaderMalformed",
      });
    });
  });
}
