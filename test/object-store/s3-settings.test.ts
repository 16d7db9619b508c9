import { describe, expect, test } from "vitest";
import type { S3Options } from "../../object-store/index.js";
import {
  type Environment,
  isAws,
  resolveS3Settings,
  settingsKey,
} from "../../object-store/s3/s3-settings.js";

test("what nothing says", () => {
  expect(resolveS3Settings({}, {})).toEqual({
    region: undefined,
    endpoint: undefined,
    pathStyle: undefined,
    credentials: undefined,
    encryption: undefined,
    requesterPays: false,
    connections: 32,
    timeoutMs: 30_000,
    attempts: 5,
  });
});

test("the environment is heard, and options before it", () => {
  const env: Environment = {
    AWS_REGION: "eu-west-1",
    AWS_DEFAULT_REGION: "eu-west-2",
    AWS_ENDPOINT_URL: "http://all.example",
    AWS_ENDPOINT_URL_S3: "http://s3.example",
    GRIZZLY_S3_PATH_STYLE: "false",
    GRIZZLY_S3_ENCRYPTION: "kms:arn:aws:kms:eu-west-1:1:key/2",
    GRIZZLY_S3_REQUESTER_PAYS: "TRUE",
    GRIZZLY_S3_CONNECTIONS: "7",
  };
  expect(resolveS3Settings({}, env)).toMatchObject({
    region: "eu-west-1",
    endpoint: "http://s3.example",
    pathStyle: false,
    encryption: { kind: "kms", keyId: "arn:aws:kms:eu-west-1:1:key/2" },
    requesterPays: true,
    connections: 7,
  });
  const options: S3Options = {
    region: "us-west-2",
    endpoint: "https://other.example",
    pathStyle: true,
    encryption: { kind: "s3" },
    requesterPays: false,
    connections: 3,
    timeoutMs: 10,
    attempts: 1,
  };
  expect(resolveS3Settings(options, env)).toMatchObject(options);
});

test.each([
  [{ AWS_REGION: "", AWS_DEFAULT_REGION: "eu-west-2" }, { region: "eu-west-2" }],
  [{ AWS_ENDPOINT_URL_S3: "", AWS_ENDPOINT_URL: "http://all.example" }, { endpoint: "http://all.example" }],
  [{ GRIZZLY_S3_ENCRYPTION: "s3" }, { encryption: { kind: "s3" } }],
  [{ GRIZZLY_S3_ENCRYPTION: "kms" }, { encryption: { kind: "kms" } }],
  [{ GRIZZLY_S3_PATH_STYLE: "1" }, { pathStyle: true }],
])("%o gives %o", (env, settings) => {
  expect(resolveS3Settings({}, env)).toMatchObject(settings);
});

describe("refused, by name and without the value", () => {
  test.each<[S3Options, Environment, string]>([
    [{ endpoint: "s3.example.com" }, {}, "endpoint"],
    [{ endpoint: "ftp://s3.example.com" }, {}, "endpoint"],
    [{ endpoint: "https://me:hush@s3.example.com" }, {}, "endpoint"],
    [{}, { AWS_ENDPOINT_URL: "https://me:hush@s3.example.com" }, "endpoint"],
    [{}, { GRIZZLY_S3_PATH_STYLE: "hush" }, "GRIZZLY_S3_PATH_STYLE"],
    [{}, { GRIZZLY_S3_REQUESTER_PAYS: "hush" }, "GRIZZLY_S3_REQUESTER_PAYS"],
    [{}, { GRIZZLY_S3_ENCRYPTION: "hush" }, "GRIZZLY_S3_ENCRYPTION"],
    [{}, { GRIZZLY_S3_CONNECTIONS: "hush" }, "GRIZZLY_S3_CONNECTIONS"],
    [{ connections: 0 }, {}, "connections"],
    [{ timeoutMs: 0.5 }, {}, "timeoutMs"],
    [{ attempts: -1 }, {}, "attempts"],
  ])("%o %o", (options, env, name) => {
    const resolving = (): unknown => resolveS3Settings(options, env);
    expect(resolving).toThrow(
      expect.objectContaining({
        kind: "invalid-input",
        code: "s3-option",
        message: expect.stringContaining(name),
      }),
    );
    expect(resolving).not.toThrow(/hush/);
  });
});

test("settings are told apart by all that matters, keys included, and the text holds none", () => {
  const key = (options: S3Options, env: Environment = {}): string =>
    settingsKey(resolveS3Settings(options, env), env);
  const credentials = { accessKeyId: "who", secretAccessKey: "hush" };
  const keys = [
    key({}),
    key({ region: "a" }),
    key({ credentials }),
    key({ credentials: { ...credentials, secretAccessKey: "other" } }),
    key({}, { AWS_ACCESS_KEY_ID: "who", AWS_SECRET_ACCESS_KEY: "hush" }),
    key({}, { AWS_PROFILE: "who" }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(key({ credentials }, { AWS_PROFILE: "who" })).toBe(key({ credentials }));
  expect(keys.join(" ")).not.toMatch(/who|hush/);
});

test.each([
  [undefined, true],
  ["https://s3.eu-west-1.amazonaws.com", true],
  ["https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com", true],
  ["https://s3.cn-north-1.amazonaws.com.cn", true],
  ["http://localhost:9000", false],
  ["https://amazonaws.com.example.org", false],
  ["https://notamazonaws.com", false],
])("the endpoint %s is AWS itself: %s", (endpoint, expected) => {
  expect(isAws(endpoint)).toBe(expected);
});
