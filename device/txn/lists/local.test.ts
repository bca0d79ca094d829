/* The terminal's own list: what was reported here is refused here, at once, after a restart, and until its rule or somebody ends it. */
import { describe, expect, it } from "vitest";
import { SimulatedStorageDisk } from "../../../simulators/disk/storage.ts";
import { SILENT } from "../../base/log.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { InvalidLists, ListHit, ListKey } from "./lists.ts";
import { type LocalListParts, openLocalList, withLocalList } from "./local.ts";

const SUITE = openCipherSuite();
const STORAGE_KEY = SUITE.secretKey(new Uint8Array(16).fill(3));
const CARD: ListKey = { number: "card-number", value: "T00000423" };
const IDENTIFIER: ListKey = { number: "card-identifier", value: "990100D1560000050000004254455354" };
const OTHER: ListKey = { number: "card-number", value: "T00000999" };

function parts(disk: SimulatedStorageDisk, more: Partial<LocalListParts> = {}): LocalListParts {
  return {
    storage: disk.open(),
    suite: SUITE,
    storageKey: STORAGE_KEY,
    log: SILENT,
    trustedMsOrUndefined: () => 5_000,
    hostPresent: () => true,
    lapseWhileOffline: false,
    ...more,
  };
}

describe("the local invalid list", () => {
  it("knows a card by any of its numbers, in any case, and no other card", async () => {
    const list = await openLocalList(parts(new SimulatedStorageDisk()));
    await list.put({ keys: [CARD, IDENTIFIER], loss: "temporary", reportedMs: 1, lapsesMs: 9_000 });
    expect(list.find([CARD])).toEqual({ level: "local", how: "temporary-loss", blockOrdered: false });
    expect(list.find([{ ...IDENTIFIER, value: IDENTIFIER.value.toLowerCase() }])).toBeDefined();
    expect(list.find([OTHER])).toBeUndefined();
    expect(list.find([{ ...CARD, number: "account-number" }])).toBeUndefined();
  });

  it("is there again after a restart, and shows no number on the disk", async () => {
    const disk = new SimulatedStorageDisk();
    const list = await openLocalList(parts(disk));
    await list.put({ keys: [CARD], loss: "formal", reportedMs: 1 });
    const again = await openLocalList(parts(disk));
    expect([again.size, again.find([CARD])]).toEqual([1, { level: "local", how: "exact", blockOrdered: false }]);
    const bytes = Buffer.concat([...disk.files.values()].map((each) => Buffer.from(each))).toString("latin1");
    expect(bytes).not.toContain(CARD.value);
  });

  it("a formal report takes the place of a temporary one, and a withdrawal ends both", async () => {
    const list = await openLocalList(parts(new SimulatedStorageDisk()));
    await list.put({ keys: [CARD], loss: "temporary", reportedMs: 1, lapsesMs: 9_000 });
    await list.put({ keys: [CARD], loss: "formal", reportedMs: 2 });
    expect([list.size, list.find([CARD])?.how]).toEqual([1, "exact"]);
    await list.remove([CARD]);
    await list.remove([CARD]);
    expect([list.size, list.find([CARD])]).toEqual([0, undefined]);
  });

  it.each([
    ["before its end", {}, 8_999, true],
    ["at its end", {}, 9_000, false],
    ["at its end while no host is heard", { hostPresent: () => false }, 9_000, true],
    ["at its end while no host is heard, where the place lets it lapse", { hostPresent: () => false, lapseWhileOffline: true }, 9_000, false],
    ["while nobody knows the time", {}, undefined, true],
  ] as readonly (readonly [string, Partial<LocalListParts>, number | undefined, boolean])[])("a temporary loss %s", async (_, more, nowMs, counts) => {
    const list = await openLocalList(parts(new SimulatedStorageDisk(), { ...more, trustedMsOrUndefined: () => nowMs }));
    await list.put({ keys: [CARD], loss: "temporary", reportedMs: 1, lapsesMs: 9_000 });
    expect(list.find([CARD]) !== undefined).toBe(counts);
  });

  it.each([
    [4_999, false],
    [5_000, true],
    [undefined, true],
  ] as const)("a report that counts later is judged by the time (%s)", async (nowMs, counts) => {
    const list = await openLocalList(parts(new SimulatedStorageDisk(), { trustedMsOrUndefined: () => nowMs }));
    await list.put({ keys: [CARD], loss: "formal", reportedMs: 1, countsFromMs: 5_000 });
    expect(list.find([CARD]) !== undefined).toBe(counts);
  });

  it("a damaged file counts as empty and is said", async () => {
    const disk = new SimulatedStorageDisk();
    await (await openLocalList(parts(disk))).put({ keys: [CARD], loss: "formal", reportedMs: 1 });
    const [name = "", contents = new Uint8Array()] = [...disk.files][0] ?? [];
    await disk.open().write(
      name,
      contents.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
    );
    const said: string[] = [];
    const list = await openLocalList(parts(disk, { log: { ...SILENT, error: (event) => void said.push(event) } }));
    expect([list.size, said]).toEqual([0, ["local-list-damaged"]]);
  });

  it("stands beside the hosts' lists: an order to block outweighs it, and it outweighs the rest", async () => {
    const list = await openLocalList(parts(new SimulatedStorageDisk()));
    await list.put({ keys: [CARD], loss: "formal", reportedMs: 1 });
    const hosts = (hit: ListHit | undefined): InvalidLists => withLocalList({ find: () => hit, states: () => [] }, list);
    const debt: ListHit = { level: "city", how: "debt", blockOrdered: false };
    const block: ListHit = { level: "national", how: "exact", blockOrdered: true };
    expect([hosts(undefined), hosts(debt), hosts(block)].map((lists) => lists.find([CARD])?.level)).toEqual(["local", "local", "national"]);
    expect([hosts(undefined), hosts(debt)].map((lists) => lists.find([OTHER])?.level)).toEqual([undefined, "city"]);
  });
});
