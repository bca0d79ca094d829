/* What entries say of their time, and what those who count along are told. */
import { describe, expect, it } from "vitest";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { readMovement } from "./entry.ts";
import type { TerminalJournal } from "./journal.ts";
import { openTestJournal, step } from "./testing.ts";
import type { ClockReading, Movement } from "./types.ts";

const START = 1_790_000_000_000;
const DAY = 86_400_000;

interface Rig {
  readonly clock: VirtualClock;
  readonly disk: SimulatedJournalDisk;
  open(): Promise<TerminalJournal>;
}

function rig(): Rig {
  const clock = new VirtualClock(START);
  const disk = new SimulatedJournalDisk();
  const randomness = new SeededRandomness("journal-time");
  return { clock, disk, open: () => openTestJournal({ store: disk.open(), clock, randomness }) };
}

describe("no entry is older than the one before it", () => {
  it.each([
    ["a jump back", -40 * DAY],
    ["a fall to 1970", -START],
    ["a second", -1000],
  ])("%s, in one life and over a restart", async (_, jumpMs) => {
    const { clock, disk, open } = rig();
    const journal = await open();
    expect(journal.floorMs).toBeUndefined();
    const first = await journal.append(step("prepared"));
    clock.jumpWall(jumpMs);
    const second = await journal.append(step("prepared"));
    expect([first.wallMs, second.wallMs]).toEqual([START, START]);
    disk.crash();
    const next = await open();
    expect(next.floorMs).toBe(START);
    expect((await next.append(step("prepared"))).wallMs).toBe(START);
    expect((await next.entries(1, 9)).map(({ wallMs }) => wallMs)).toEqual([START, START, START]);
  });

  it("a clock that was set forward is followed, and not back again", async () => {
    const { clock, open } = rig();
    const journal = await open();
    clock.jumpWall(DAY);
    const ahead = await journal.append(step("prepared"));
    clock.jumpWall(-DAY);
    const after = await journal.append(step("prepared"));
    expect([ahead.wallMs, after.wallMs]).toEqual([START + DAY, START + DAY]);
  });
});

describe("the word on the time", () => {
  it("is untrusted until a keeper of the time speaks, and is read back as written", async () => {
    const { disk, open } = rig();
    const journal = await open();
    await journal.append(step("prepared"));
    const floors: number[] = [];
    const reading: ClockReading = { wallMs: START + 5, clock: { quality: "held", errorMs: 1234 } };
    journal.keepTimeBy({
      reading: (notBeforeMs) => {
        floors.push(notBeforeMs);
        return reading;
      },
    });
    const kept = await journal.append(step("prepared"));
    expect([kept.wallMs, kept.clock, floors]).toEqual([START + 5, { quality: "held", errorMs: 1234 }, [START]]);
    disk.crash();
    const words = (await (await open()).entries(1, 9)).map(({ clock }) => clock);
    expect(words).toEqual([{ quality: "untrusted" }, { quality: "held", errorMs: 1234 }]);
  });

  it.each([[{}], ["held"], [{ quality: "good" }], [{ quality: "held", errorMs: "1" }], [null]])("is refused when it is %j", (clock) => {
    const body = JSON.stringify({ amountFen: 1, boot: 1, wallMs: START, monotonicMs: 5, clock });
    const stored = { seq: 7, subject: "ab-3", kind: "quick-payment", state: "done", body, hash: "" };
    expect(() => readMovement(stored)).toThrow(expect.objectContaining({ code: "store-corrupt" }));
  });

  it("is untrusted in entries of releases that did not judge their clock", () => {
    const body = JSON.stringify({ amountFen: 1, boot: 1, wallMs: START, monotonicMs: 5 });
    const stored = { seq: 7, subject: "ab-3", kind: "quick-payment", state: "done", body, hash: "" };
    expect(readMovement(stored)).toMatchObject({ firstSeq: 3, cardKey: "", clock: { quality: "untrusted" } });
  });
});

describe("whoever counts along", () => {
  it("is told each entry as it is numbered, each receipt, and sees the same again after a restart", async () => {
    const { disk, open } = rig();
    const journal = await open();
    const seen: Movement[] = [];
    const receipts: number[] = [];
    journal.watch({ moved: (movement) => void seen.push(movement), receipted: (through) => void receipts.push(through), rewound: async () => undefined });
    const appending = journal.append(step("prepared", { card: "6212", personal: { cardSerial: "6212" } }));
    expect(seen.map(({ seq, state, cardKey }) => [seq, state, cardKey])).toEqual([[1, "prepared", journal.cardKey("6212")]]);
    const { subject } = await appending;
    await journal.append(step("done", { subject }));
    expect(JSON.stringify(seen)).not.toContain("6212");
    await journal.commitBatches([{ batchSeq: 1, firstSeq: 1, lastSeq: 1, hash: "ab".repeat(32), receipted: false, detail: "{}" }]);
    await journal.commitReceipted(await journal.openBatches(9));
    expect(receipts).toEqual([1]);
    disk.crash();
    const again = await open();
    expect(await again.movements(1, 9)).toEqual(seen);
    expect(seen.map(({ firstSeq }) => firstSeq)).toEqual([1, 1]);
  });

  it("is asked to look again when entries were refused for want of space, before anything else is numbered", async () => {
    const { disk, open } = rig();
    const journal = await open();
    let rewinds = 0;
    journal.watch({
      moved: () => undefined,
      receipted: () => undefined,
      rewound: async () => {
        rewinds += 1;
        await expect(journal.append(step("prepared"))).rejects.toMatchObject({ code: "store-full" });
      },
    });
    await journal.append(step("prepared"));
    disk.setFull(true);
    await expect(journal.append(step("prepared"))).rejects.toMatchObject({ code: "store-full" });
    disk.setFull(false);
    expect([rewinds, (await journal.append(step("prepared"))).seq]).toEqual([1, 2]);
  });
});
