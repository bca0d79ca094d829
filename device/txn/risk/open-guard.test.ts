/* Each limit by itself: exactly at it a sale is made, one fen, one count or one millisecond beyond it is refused with its reason; and nothing widens it. */
import { describe, expect, test } from "vitest";
import { utf8 } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { canonicalJson } from "../../codec/json.ts";
import type { InvalidLists, ListHit, ListState } from "../lists/lists.ts";
import type { RiskReason } from "./guard.ts";
import { NO_LIMITS, type OfflineLimits } from "./offline-limits.ts";
import type { RiskPolicy } from "./open-guard.ts";
import { openSaleBook } from "./sale-book.ts";
import { card, DAY, GuardedPlace, HOUR } from "./testing.ts";

const OTHER = card("00000000000000000002");

function limits(changed: Partial<OfflineLimits>): Partial<RiskPolicy> {
  return { limits: { ...NO_LIMITS, ...changed } };
}

async function place(policy: Partial<RiskPolicy>): Promise<GuardedPlace> {
  const made = await new GuardedPlace(policy).boot();
  await made.hear();
  return made;
}

/** What may happen between the sales that were made and the one that is asked for. */
const MEANWHILE: readonly (readonly [what: string, happen: (at: GuardedPlace) => Promise<unknown>])[] = [
  ["nothing", async () => undefined],
  ["a restart", (at) => at.boot()],
  [
    "ten restarts",
    async (at) => {
      for (let boots = 0; boots < 10; boots += 1) await at.boot();
    },
  ],
  [
    "a jump back",
    async (at) => {
      at.wallErrorMs = -40 * DAY;
    },
  ],
  [
    "a jump forward",
    async (at) => {
      at.wallErrorMs = 40 * DAY;
    },
  ],
  [
    "a restart in 1970",
    async (at) => {
      at.wallErrorMs = -at.truth.wallMs();
      await at.boot();
    },
  ],
  [
    "a restart in a far year",
    async (at) => {
      at.wallErrorMs = 4000 * DAY;
      await at.boot();
    },
  ],
  ["a month offline", (at) => at.pass(30 * DAY)],
  [
    "a restart and the host's word",
    async (at) => {
      await at.boot();
      await at.hear();
    },
  ],
];

const COUNTED: readonly (readonly [reason: RiskReason, policy: Partial<RiskPolicy>, before: readonly number[], at: number, beyond: number])[] = [
  ["amount-limit", limits({ amountPerSaleFen: 450 }), [], 450, 451],
  ["card-sum-limit", limits({ cardSumMaxFen: 1000 }), [550], 450, 451],
  ["unreceipted-sum-limit", limits({ unreceiptedSumMaxFen: 1000 }), [250, 300], 450, 451],
  ["first-use-online", { firstUseMaxFen: 1000 }, [550], 450, 451],
];

const COUNTS: readonly (readonly [reason: RiskReason, policy: Partial<RiskPolicy>, most: number])[] = [
  ["card-count-limit", limits({ cardCountMax: 3 }), 3],
  ["unreceipted-count-limit", limits({ unreceiptedCountMax: 2 }), 2],
];

describe.each(MEANWHILE)("sums, after %s", (_, happen) => {
  test.each(COUNTED)("%s", async (reason, policy, before, at, beyond) => {
    const counter = await place(policy);
    for (const amount of before) expect(await counter.sold(amount)).toBe("sold");
    await happen(counter);
    const { seq } = (await counter.journal.entries(1, 99)).at(-1) ?? { seq: 0 };
    expect(await counter.sold(beyond)).toBe(reason);
    expect(counter.journal.lastSeq).toBe(seq);
    expect(await counter.sold(at)).toBe("sold");
  });
});

describe.each(MEANWHILE)("counts, after %s", (_, happen) => {
  test.each(COUNTS)("%s", async (reason, policy, most) => {
    const counter = await place(policy);
    for (let sales = 1; sales < most; sales += 1) expect(await counter.sold(1)).toBe("sold");
    await happen(counter);
    expect(await counter.sold(1)).toBe("sold");
    expect(await counter.sold(1)).toBe(reason);
  });
});

describe("what counts", () => {
  const CARD = limits({ cardSumMaxFen: 1000 });

  test("a card is another card; the place is one place", async () => {
    const counter = await place(limits({ cardCountMax: 1, unreceiptedCountMax: 2 }));
    expect(await counter.sold(1)).toBe("sold");
    expect(await counter.sold(1)).toBe("card-count-limit");
    expect(await counter.sold(1, OTHER)).toBe("sold");
    expect(await counter.sold(1, card("00000000000000000003"))).toBe("unreceipted-count-limit");
  });

  test.each(["void", "refused"] as const)("a sale that ended %s gives back what it counted for", async (state) => {
    const counter = await place(CARD);
    expect(await counter.sold(1000, card(), state)).toBe("sold");
    expect(await counter.sold(1000)).toBe("sold");
    expect(await counter.sold(1)).toBe("card-sum-limit");
  });

  test.each(["unknown", "resolving", "acting"] as const)("a sale that is %s keeps it, through a restart, until it is decided by whomever", async (state) => {
    const counter = await place(CARD);
    expect(await counter.sold(1000, card(), state)).toBe("sold");
    await counter.boot();
    expect(await counter.sold(1)).toBe("card-sum-limit");
    const [open] = await counter.journal.openSubjects({ limit: 9 });
    if (open === undefined) throw new Error("there is an open sale");
    await counter.journal.append({ subject: open.subject, kind: "quick-payment", state: "void", amount: open.amount, detail: {}, resolves: open.lastSeq });
    expect(await counter.sold(1000)).toBe("sold");
  });

  test("a receipt frees what it covers, and not what came after it", async () => {
    const counter = await place(CARD);
    await counter.sold(600);
    await counter.receipt();
    await counter.sold(400);
    expect(await counter.sold(601)).toBe("card-sum-limit");
    expect(await counter.sold(600)).toBe("sold");
    await counter.receipt();
    expect(await counter.sold(1000)).toBe("sold");
    await counter.boot();
    expect(await counter.sold(1)).toBe("card-sum-limit");
  });

  test("two lanes in the same turn: the second sees the first before it is durable, or numbered", async () => {
    const counter = await place(CARD);
    const [first, second] = [counter.guard.take(card(), fen(600)), counter.guard.take(card(), fen(401))];
    expect([first.kind, second]).toEqual(["taken", { kind: "refused", reason: "card-sum-limit" }]);
  });

  test("a sale that was allowed and never begun is given back", async () => {
    const counter = await place(CARD);
    const taken = counter.guard.take(card(), fen(1000));
    expect(counter.guard.take(card(), fen(1))).toMatchObject({ reason: "card-sum-limit" });
    if (taken.kind === "taken") taken.became("refused");
    expect(counter.guard.take(card(), fen(1000)).kind).toBe("taken");
    await counter.pass(60_001);
    expect(counter.guard.take(card(), fen(1000)).kind).toBe("taken");
  });

  test("what the disk had no room for is not out", async () => {
    const counter = await place(CARD);
    await counter.sold(400);
    counter.disk.setFull(true);
    await expect(counter.sell(600)).rejects.toMatchObject({ code: "store-full" });
    counter.disk.setFull(false);
    expect(counter.guard.exposure()).toMatchObject({ count: 1, sumFen: 400 });
    expect(await counter.sold(600)).toBe("sold");
  });

  test("the book says what the journal says", async () => {
    const counter = await place({});
    for (const [amount, state] of [
      [5, "done"],
      [7, "unknown"],
      [9, "void"],
      [11, "refused"],
    ] as const)
      await counter.sold(amount, card(), state);
    expect(counter.guard.exposure()).toMatchObject(counter.journal.unreceipted("quick-payment"));
    await counter.receipt();
    expect(counter.guard.exposure()).toEqual({ count: 0, sumFen: 0 });
  });
});

describe("ages", () => {
  test.each([
    ["card-age-limit", limits({ cardAgeMaxMs: 9 * DAY })],
    ["unreceipted-age-limit", limits({ unreceiptedAgeMaxMs: 9 * DAY })],
  ] as const)("%s: to the millisecond within a life", async (reason, policy) => {
    const counter = await place(policy);
    await counter.sold(1);
    counter.wallErrorMs = -30 * DAY;
    await counter.pass(9 * DAY);
    expect(await counter.sell(1)).toMatchObject({ state: "prepared" });
    await counter.pass(1);
    expect(await counter.sold(1)).toBe(reason);
    await counter.receipt();
    expect(await counter.sold(1)).toBe("sold");
  });

  test("after a restart nobody knows how long the power was away: no sale until the host is heard, then the longest that is possible counts", async () => {
    const counter = await place(limits({ cardAgeMaxMs: 9 * DAY }));
    await counter.sold(1);
    await counter.pass(DAY);
    await counter.boot();
    expect(await counter.sold(1)).toBe("clock-not-trusted");
    expect(await counter.sold(1, OTHER)).toBe("sold");
    await counter.hear();
    expect(await counter.sold(1)).toBe("sold");
    await counter.pass(8 * DAY + 1);
    await counter.boot();
    await counter.hear();
    expect(await counter.sold(1)).toBe("card-age-limit");
  });

  test("a sale under an untrusted clock is as old as what comes before it allows", async () => {
    const counter = await place(limits({ unreceiptedAgeMaxMs: DAY }));
    await counter.sold(1, OTHER);
    await counter.receipt();
    await counter.boot();
    counter.wallErrorMs = 300 * DAY;
    await counter.sold(1);
    await counter.pass(DAY + 5000);
    await counter.boot();
    await counter.hear();
    expect(await counter.sold(1)).toBe("unreceipted-age-limit");
  });
});

describe("velocity: two sales in ten minutes", () => {
  const POLICY: Partial<RiskPolicy> = { velocity: { salesMax: 2, windowMs: 600_000 } };

  test("the third waits until the first is ten minutes old, whatever was receipted", async () => {
    const counter = await place(POLICY);
    await counter.sold(1);
    await counter.receipt();
    await counter.pass(60_000);
    expect(await counter.sold(1)).toBe("sold");
    await counter.receipt();
    await counter.pass(539_999);
    expect(await counter.sold(1)).toBe("card-velocity-limit");
    expect(await counter.sold(1, OTHER)).toBe("sold");
    await counter.pass(1);
    expect(await counter.sold(1)).toBe("sold");
    expect(await counter.sold(1)).toBe("card-velocity-limit");
  });

  test.each(MEANWHILE.filter(([what]) => what !== "a month offline"))("%s frees nothing", async (_, happen) => {
    const counter = await place(POLICY);
    await counter.sold(1);
    await counter.sold(1);
    await counter.receipt();
    await happen(counter);
    expect(await counter.sold(1)).toBe("card-velocity-limit");
    await counter.pass(600_000);
    expect(await counter.sold(1)).toBe("sold");
  });

  test("what ran before a power cut counts as far as it was kept, and the time without power once the host has said the time", async () => {
    const counter = await place(POLICY);
    await counter.sold(1);
    await counter.sold(1);
    await counter.pass(HOUR);
    await counter.boot();
    expect(await counter.sold(1)).toBe("sold");
    expect(await counter.sold(1)).toBe("sold");
    await counter.boot();
    expect(await counter.sold(1)).toBe("card-velocity-limit");
    await counter.off(HOUR);
    await counter.boot();
    expect(await counter.sold(1)).toBe("card-velocity-limit");
    await counter.hear();
    expect(await counter.sold(1)).toBe("card-velocity-limit");
    await counter.pass(600_000);
    expect(await counter.sold(1)).toBe("sold");
  });

  test("a record without money, and a sale that came to nothing, are none", async () => {
    const counter = await place(POLICY);
    await counter.sold(0);
    await counter.sold(1, card(), "void");
    await counter.sold(1, card(), "refused");
    expect(await counter.sold(1)).toBe("sold");
    expect(await counter.sold(1)).toBe("sold");
    expect(await counter.sold(0)).toBe("sold");
    expect(await counter.sold(1)).toBe("card-velocity-limit");
  });
});

describe("first use", () => {
  test("not at all where nothing is allowed, also behind a restart", async () => {
    const counter = await place({ firstUseMaxFen: 0 });
    expect(await counter.sold(1)).toBe("first-use-online");
    await counter.boot();
    expect(await counter.sold(1)).toBe("first-use-online");
  });

  test("a small sum, until the host has accepted it; through a restart", async () => {
    const counter = await place({ firstUseMaxFen: 500 });
    await counter.sold(500);
    expect(await counter.sold(1)).toBe("first-use-online");
    await counter.sold(500, OTHER, "unknown");
    await counter.receipt();
    expect(await counter.sold(9000)).toBe("sold");
    // What is not decided has not been accepted.
    expect(await counter.sold(501, OTHER)).toBe("first-use-online");
    await counter.boot();
    expect(await counter.sold(9000)).toBe("sold");
    expect(await counter.sold(501, OTHER)).toBe("first-use-online");
  });
});

function lists(hit: ListHit | undefined, states: readonly ListState[] = []): InvalidLists {
  return { find: () => hit, states: () => states };
}

describe("lists", () => {
  const hit: ListHit = { level: "city", how: "exact", blockOrdered: true };
  test.each([
    [hit, { kind: "refused", reason: "card-listed", block: true }],
    [
      { ...hit, blockOrdered: false },
      { kind: "refused", reason: "card-listed" },
    ],
    [
      { ...hit, how: "range", blockOrdered: false },
      { kind: "refused", reason: "card-range-listed" },
    ],
    [
      { ...hit, how: "temporary-loss", blockOrdered: false },
      { kind: "refused", reason: "card-reported-lost" },
    ],
    [
      { ...hit, how: "debt", blockOrdered: false },
      { kind: "refused", reason: "debt-open" },
    ],
    [undefined, { kind: "clear" }],
  ] as const)("%j: %j", async (found, expected) => {
    const counter = new GuardedPlace();
    counter.lists = lists(found);
    await counter.boot();
    expect(counter.guard.review(card())).toEqual(expected);
  });

  test("a listed card is told so, whatever else is wrong with the place", async () => {
    const counter = new GuardedPlace({ clock: "trusted", lists: [{ level: "national" }], leaseMs: 1 });
    counter.lists = lists(hit);
    await counter.boot();
    expect(counter.guard.review(card())).toMatchObject({ reason: "card-listed" });
  });

  test("a list that must be here and is not", async () => {
    const counter = new GuardedPlace({ lists: [{ level: "national" }] });
    await counter.boot();
    expect(await counter.sold(1)).toBe("list-missing");
    counter.lists = lists(undefined, [{ level: "national", sequence: 0, entries: 0, issuedMs: undefined }]);
    await counter.boot();
    expect(await counter.sold(1)).toBe("list-missing");
  });

  test("a list grows old: at its last millisecond it counts, one later it does not; an unknown time makes it too old", async () => {
    const counter = new GuardedPlace({ lists: [{ level: "city", ageMaxMs: DAY }] });
    let issuedMs = 0;
    counter.lists = { find: () => undefined, states: () => [{ level: "city", sequence: 3, entries: 9, issuedMs }] };
    await counter.boot();
    expect(await counter.sold(1)).toBe("list-too-old");
    await counter.hear();
    issuedMs = (counter.trust.bounds()?.latestMs ?? 0) - DAY;
    expect(await counter.sold(1)).toBe("sold");
    issuedMs -= 1;
    expect(await counter.sold(1)).toBe("list-too-old");
    counter.wallErrorMs = -9 * DAY;
    expect(await counter.sold(1)).toBe("list-too-old");
    await counter.boot();
    expect(await counter.sold(1)).toBe("list-too-old");
  });
});

function grant(sequence: number, expiresMs: number, granted: object = {}, base = 0): Parameters<GuardedPlace["guard"]["leaseTaker"]["take"]>[0] {
  return { stream: "lease", sequence, base, issuedMs: 0, body: utf8(canonicalJson({ id: `L${sequence}`, expiresMs, limits: granted as never })) };
}

describe("the permission", () => {
  test("of the configuration lasts from the host's last word on; a clock that is set makes it no longer, a restart ends it", async () => {
    const counter = await place({ leaseMs: DAY });
    await counter.pass(DAY - 3000);
    counter.wallErrorMs = -20 * DAY;
    expect(await counter.sold(1)).toBe("lease-expired");
    await counter.hear();
    expect(await counter.sold(1)).toBe("sold");
    await counter.boot();
    expect(await counter.sold(1)).toBe("lease-expired");
    await counter.hear();
    expect(await counter.sold(1)).toBe("sold");
  });

  test("is none before the host was ever heard", async () => {
    const counter = await new GuardedPlace({ leaseMs: 30 * DAY }).boot();
    expect(await counter.sold(1)).toBe("lease-expired");
  });

  test("that the host has granted ends to the millisecond, at the latest time that it may be", async () => {
    const counter = await place({});
    const latestMs = counter.trust.bounds()?.latestMs ?? 0;
    expect(await counter.guard.leaseTaker.take(grant(1, latestMs))).toEqual({ kind: "taken" });
    expect(await counter.sold(1)).toBe("sold");
    await counter.guard.leaseTaker.take(grant(2, latestMs - 1));
    expect(await counter.sold(1)).toBe("lease-expired");
    expect(counter.guard.lease()).toEqual({ id: "L2", expiresMs: latestMs - 1, refusal: "lease-expired" });
  });

  test("survives a restart, and is not longer after it", async () => {
    const counter = await place({});
    await counter.guard.leaseTaker.take(grant(7, counter.truth.wallMs() + DAY, { cardCountMax: 1 }));
    await counter.boot();
    expect(counter.guard.leaseTaker.have()).toBe(7);
    expect(await counter.sold(1)).toBe("lease-expired");
    await counter.hear();
    expect(await counter.sold(1)).toBe("sold");
    expect(await counter.sold(1)).toBe("card-count-limit");
  });

  test("narrows what is configured and never widens it", async () => {
    const counter = await place(limits({ amountPerSaleFen: 500, cardCountMax: 9 }));
    await counter.guard.leaseTaker.take(grant(1, counter.truth.wallMs() + DAY, { amountPerSaleFen: 9000, cardCountMax: 2 }));
    expect(counter.guard.limits()).toMatchObject({ amountPerSaleFen: 500, cardCountMax: 2 });
    await counter.guard.leaseTaker.take(grant(2, counter.truth.wallMs() + DAY));
    expect(counter.guard.limits()).toMatchObject({ amountPerSaleFen: 500, cardCountMax: 9 });
  });

  test.each([
    ["an older one", grant(3, 5), "grant-older"],
    ["one that continues another", grant(9, 5, {}, 3), "grant-continues-nothing"],
    ["a limit that nobody here knows", grant(9, 5, { salesOnSundays: 0 }), "limit-unknown"],
    ["a limit that is no number", grant(9, 5, { cardCountMax: "many" }), "limit-malformed"],
    ["a negative limit", grant(9, 5, { cardCountMax: -1 }), "limit-malformed"],
    ["no end", grant(9, -1), "grant-malformed"],
    ["no JSON", { ...grant(9, 5), body: utf8("{") }, "grant-malformed"],
    ["a list", { ...grant(9, 5), body: utf8("[]") }, "grant-malformed"],
    ["a member that nobody here knows", { ...grant(9, 5), body: utf8('{"expiresMs":5,"id":"x","until":9}') }, "grant-malformed"],
    ["too much", { ...grant(9, 5), body: utf8(" ".repeat(5000)) }, "grant-too-large"],
  ])("%s changes nothing", async (_, document, reason) => {
    const counter = await place({});
    await counter.guard.leaseTaker.take(grant(3, 9_000_000_000_000));
    expect(await counter.guard.leaseTaker.take(document)).toEqual({ kind: "refused", reason });
    expect([counter.guard.leaseTaker.have(), counter.guard.lease()]).toEqual([3, { id: "L3", expiresMs: 9_000_000_000_000 }]);
  });

  test("is not taken by a disk that fails", async () => {
    const counter = await place({});
    counter.disk.setFull(true);
    await expect(counter.guard.leaseTaker.take(grant(1, 5))).rejects.toMatchObject({ code: "store-full" });
    expect([counter.guard.leaseTaker.have(), counter.guard.lease()]).toEqual([0, {}]);
  });
});

describe("the clock that a place asks for", () => {
  test("held: not before the host was heard, through a month, not after a restart", async () => {
    const counter = await new GuardedPlace({ clock: "held" }).boot();
    expect(await counter.sold(1)).toBe("clock-not-trusted");
    await counter.hear();
    await counter.pass(30 * DAY);
    expect(await counter.sold(1)).toBe("sold");
    await counter.boot();
    expect(await counter.sold(1)).toBe("clock-not-trusted");
    expect(counter.guard.lease()).toEqual({ refusal: "clock-not-trusted" });
  });

  test("trusted: half a day", async () => {
    const counter = await place({ clock: "trusted" });
    expect(await counter.sold(1)).toBe("sold");
    await counter.pass(DAY);
    expect(await counter.sold(1)).toBe("clock-not-trusted");
  });
});

test("memory holds what limits need and no more: a card is forgotten with its receipt and its window", async () => {
  const counter = await place({});
  const { journal, trust, truth: clock } = counter;
  const book = await openSaleBook({ clock, journal, trust }, { kinds: ["quick-payment"], windowMs: 60_000 });
  for (let serial = 0; serial < 50; serial += 1) await counter.sold(1, card(String(serial).padStart(20, "0")));
  expect(book.cards).toBe(50);
  await counter.receipt();
  expect(book.cards).toBe(50);
  await counter.pass(60_000);
  await counter.sold(1);
  expect(book.cardFigures(journal.cardKey(card().name))).toMatchObject({ count: 1, inWindow: 1 });
  expect(book.cards).toBe(1);
});
