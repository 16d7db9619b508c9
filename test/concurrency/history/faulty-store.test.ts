import { expect, test } from "vitest";
import { MemoryStore, type ObjectStore, objectPath as p } from "../../../object-store/index.js";
import { describeObjectStore } from "../../contract/object-store.js";
import { type CallFault, drawnFaults, type FaultPlan, FaultyStore } from "../../support/faulty-store.js";
import { bytes, contentsOf, pathsOf } from "../../support/object-stores.js";
import { seededRandom } from "../seeded-random.js";

describeObjectStore("faulty, but only slow", async () => {
  const random = seededRandom(11);
  return new FaultyStore(
    new MemoryStore(),
    drawnFaults(random, { slow: 0.5, read: 0, write: 0, death: 0, outage: 0 }),
  );
});

const unavailable = { kind: "unavailable", code: "injected-fault" };

function failing(store: ObjectStore, fault: CallFault["fault"]): FaultyStore {
  return new FaultyStore(store, () => ({ wait: 0, fault }));
}

test("a call that fails before has done nothing, one that fails after has done all", async () => {
  const store = new MemoryStore();
  await expect(failing(store, "fails-before").putIfAbsent(p("a"), bytes("1"))).rejects.toMatchObject(
    unavailable,
  );
  expect(await contentsOf(store)).toEqual({});
  await expect(failing(store, "fails-after").putIfAbsent(p("a"), bytes("2"))).rejects.toMatchObject(
    unavailable,
  );
  await expect(failing(store, "fails-after").putIfAbsent(p("a"), bytes("3"))).rejects.toMatchObject(
    unavailable,
  );
  await expect(failing(store, "fails-before").put(p("a"), bytes("4"))).rejects.toMatchObject(unavailable);
  await expect(failing(store, "fails-before").delete([p("a")])).rejects.toMatchObject(unavailable);
  expect(await contentsOf(store)).toEqual({ a: "2" });
  await expect(failing(store, "fails-after").delete([p("a")])).rejects.toMatchObject(unavailable);
  expect(await contentsOf(store)).toEqual({});
});

test("what cannot be read is no absence", async () => {
  const store = failing(new MemoryStore(), "fails-before");
  await expect(store.get(p("a"))).rejects.toMatchObject(unavailable);
  await expect(store.head(p("a"))).rejects.toMatchObject(unavailable);
  await expect(pathsOf(store.list(""))).rejects.toMatchObject(unavailable);
});

test("the same seed gives the same faults, and each kind about as often as asked", () => {
  const rates = { slow: 0.5, read: 0.1, write: 0.2, death: 0.1, outage: 0 };
  const drawn = (seed: number): CallFault[] => {
    const plan: FaultPlan = drawnFaults(seededRandom(seed), rates);
    return Array.from({ length: 1_000 }, (_, index) => plan(index % 2 === 0 ? "get" : "putIfAbsent", "a"));
  };
  const faults = drawn(3);
  expect(drawn(3)).toEqual(faults);
  expect(drawn(4)).not.toEqual(faults);
  const share = (fault: CallFault["fault"]): number =>
    faults.filter((each) => each.fault === fault).length / faults.length;
  // Half of the calls read. A write fails in two ways, and its process dies in two.
  expect(share("fails-after")).toBeCloseTo(0.05, 1);
  expect(share("dies-before") + share("dies-after")).toBeCloseTo(0.05, 1);
  expect(faults.filter(({ wait }) => wait > 0).length / faults.length).toBeCloseTo(0.5, 1);
});

test("a write that fails begins an outage of some calls", () => {
  const lengths: number[] = [];
  for (let seed = 0; seed < 200; seed++) {
    const plan = drawnFaults(seededRandom(seed), { slow: 0, read: 0, write: 1, death: 0, outage: 0.8 });
    expect(plan("put", "a").fault).toMatch(/^fails-/);
    let length = 0;
    while (plan("get", "a").fault !== "none") length++;
    lengths.push(length);
    expect(plan("get", "a").fault).toBe("none");
  }
  expect(Math.min(...lengths)).toBe(0);
  expect(Math.max(...lengths)).toBeGreaterThan(8);
});
