import { defineConfig } from "vitest/config";

// Two projects: `unit` is what `npm test` runs on a machine that has only Node;
// `stress` holds the long races and crash runs. Interop needs foreign peers and
// has a runner of its own (scripts/interop.mjs).
export default defineConfig({
  test: {
    // Half of what runs waits for processes it has started, so every core has a worker.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.stress.test.ts", "test/interop/**"],
          globalSetup: ["test/support/cache-folder.ts"],
          testTimeout: 60_000,
          pool: "forks",
        },
      },
      {
        test: {
          name: "stress",
          include: ["test/**/*.stress.test.ts"],
          globalSetup: ["test/support/cache-folder.ts"],
          testTimeout: 600_000,
          pool: "forks",
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "interop",
          include: ["test/interop/**/*.test.ts"],
          globalSetup: ["test/support/cache-folder.ts", "test/interop/spark/shared-peer.ts"],
          testTimeout: 300_000,
          pool: "forks",
          fileParallelism: false,
        },
      },
    ],
  },
});
