import { expect, test } from "vitest";
import {
  type AddFile,
  type Metadata,
  type Protocol,
  protocolFeatures,
  undoCommit,
  upgradeProtocol,
  withoutFeature,
} from "../../table-format/index.js";
import type { TableState } from "../../table-format/snapshot/state.js";

const FEATURE = "grizzly.multiFormat";
const PLAIN: Protocol = {
  minReaderVersion: 1,
  minWriterVersion: 2,
  readerFeatures: undefined,
  writerFeatures: undefined,
};
const METADATA: Metadata = {
  id: "t",
  name: undefined,
  description: undefined,
  provider: "parquet",
  formatOptions: {},
  schemaString: '{"type":"struct","fields":[]}',
  partitionColumns: [],
  configuration: {},
  createdTime: undefined,
};

function state(protocol: Protocol): TableState {
  return {
    protocol,
    metadata: METADATA,
    transactions: new Map(),
    domains: new Map(),
    inCommitTimestamp: undefined,
  };
}

function undone(before: Protocol, after: Protocol, filesBefore: readonly AddFile[]): Protocol | undefined {
  return undoCommit({
    actions: [{ kind: "protocol", protocol: after }],
    before: state(before),
    filesBefore,
    root: "file:///t",
    transaction: "x",
    engineInfo: "test",
  }).protocol;
}

test("a feature that a commit dropped is back when the commit is taken back", () => {
  const before = upgradeProtocol(PLAIN, [FEATURE, "deletionVectors"]).protocol;
  const back = undone(before, withoutFeature(before, FEATURE), []);
  expect(back).toEqual(before);
});

test("a feature that a commit brought stays", () => {
  const after = upgradeProtocol(PLAIN, [FEATURE]).protocol;
  expect(undone(PLAIN, after, [])).toBeUndefined();
});

test("a commit that did both leaves the table with the features of either", () => {
  const before = upgradeProtocol(PLAIN, [FEATURE]).protocol;
  const after = upgradeProtocol(PLAIN, ["deletionVectors"]).protocol;
  const back = undone(before, after, []);
  expect(back === undefined ? [] : protocolFeatures(back)).toEqual(
    expect.arrayContaining([FEATURE, "deletionVectors", "appendOnly"]),
  );
});
