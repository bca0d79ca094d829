/* Whose card a purse is on: known at once, after a restart, within bounds, and never in the clear. */
import { describe, expect, it } from "vitest";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { Fault } from "../../base/fault.ts";
import { SILENT } from "../../base/log.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import { openTestJournal } from "../journal/testing.ts";
import { type CardLinksOptions, DEFAULT_CARD_LINKS, openCardLinks } from "./card-links.ts";

const SUITE = opensslSuite();
const CARD = { cardNumber: "A00000015", cardIdentifier: "53010000000000000000000000000001" };
const OTHER = { cardNumber: "B00000018", cardIdentifier: "53010000000000000000000000000002" };

class Bench {
  readonly clock = new VirtualClock(Date.UTC(2026, 5, 1, 4));
  readonly disk = new SimulatedJournalDisk();

  async open(options: CardLinksOptions = DEFAULT_CARD_LINKS, key = 7) {
    const journal = await this.clock.resolve(
      openTestJournal({ store: this.disk.open(), clock: this.clock, randomness: new SeededRandomness(`l ${this.disk.incarnation}`) }),
    );
    const storageKey = SUITE.secretKey(new Uint8Array(16).fill(key));
    const links = await this.clock.resolve(openCardLinks({ journal, suite: SUITE, storageKey, log: SILENT }, options));
    return { journal, links };
  }
}

describe("links of purses to their social card", () => {
  it("are known at once, and after a restart", async () => {
    const bench = new Bench();
    const { journal, links } = await bench.open();
    expect(links.of("P1")).toBeUndefined();
    const kept = Promise.all([links.learn("P1", CARD), links.learn("P2", CARD), links.learn("P3", OTHER), links.learn("P4", "none")]);
    expect(links.of("P1")).toEqual(CARD);
    await bench.clock.resolve(kept);
    const names = ["A00000015", CARD.cardIdentifier, "P1", "P2"].map((name) => journal.cardKey(name));
    expect(links.keysOf(CARD)).toEqual(names);
    await bench.clock.resolve(journal.close());
    const again = await bench.open();
    expect(["P1", "P2", "P3", "P4", "P5"].map((purse) => again.links.of(purse))).toEqual([CARD, CARD, OTHER, "none", undefined]);
    expect(again.links.keysOf(CARD)).toEqual(names);
  });

  it("stand nowhere in the clear, and under another key nowhere at all", async () => {
    const bench = new Bench();
    const { journal, links } = await bench.open();
    await bench.clock.resolve(links.learn("P1", CARD));
    const mark = await bench.clock.resolve(journal.mark("card-links/0"));
    expect(mark).toMatch(/^0 [0-9a-f]{32}:[0-9a-f]+$/);
    for (const word of ["P1", CARD.cardNumber, CARD.cardIdentifier]) expect(mark).not.toContain(word);
    await bench.clock.resolve(journal.close());
    expect((await bench.open(DEFAULT_CARD_LINKS, 8)).links.of("P1")).toBeUndefined();
  });

  it("forget the oldest page when the last one is full, and a purse that changed its card keeps the newest", async () => {
    const bench = new Bench();
    const small = { pages: 2, pursesPerPage: 2 };
    const { journal, links } = await bench.open(small);
    for (const purse of ["P1", "P2", "P3", "P4"]) await bench.clock.resolve(links.learn(purse, CARD));
    await bench.clock.resolve(links.learn("P1", OTHER));
    const seen = (of: typeof links.of) => ["P1", "P2", "P3", "P4"].map((purse) => of(purse));
    expect(seen((purse) => links.of(purse))).toEqual([OTHER, undefined, CARD, CARD]);
    expect(links.keysOf(CARD)).toHaveLength(4);
    await bench.clock.resolve(journal.close());
    const again = await bench.open(small);
    expect(seen((purse) => again.links.of(purse))).toEqual([OTHER, undefined, CARD, CARD]);
  });

  it("are used all the same where the journal does not keep them", async () => {
    const noted: string[] = [];
    const journal = {
      mark: async () => undefined,
      setMarks: () => Promise.reject(new Fault("store-full", "no room", { effectUnknown: false })),
      cardKey: (card: string) => Buffer.from(card.padEnd(16)).toString("hex"),
    };
    const log = { ...SILENT, warn: (event: string) => noted.push(event) };
    const links = await openCardLinks({ journal, suite: SUITE, storageKey: SUITE.secretKey(new Uint8Array(16)), log });
    await links.learn("P1", CARD);
    expect([links.of("P1"), noted]).toEqual([CARD, ["card-links-not-kept"]]);
  });

  it.each(["x", "0 zz", "0 00:-", `0 ${"0".repeat(32)}:12`])("start anew behind a page that is none: %s", async (text) => {
    const journal = { mark: async () => text, setMarks: async () => undefined, cardKey: () => "0".repeat(32) };
    const links = await openCardLinks({ journal, suite: SUITE, storageKey: SUITE.secretKey(new Uint8Array(16)), log: SILENT });
    expect(links.of("P1")).toBeUndefined();
  });
});
