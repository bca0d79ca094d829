/*
 * Goal: what the bank takes from the account is on the card, or goes back, or is listed with the card that will tell.
 * Method: one load of each purse is run once to count its commands and commits; then again with a tear at each command and a power cut at each command
 * and each commit, taken up by a new life on the same disk, card and bank. Electronic cash is loaded by an acquirer written from the paper; the
 * e-purse's host, whose messages nobody has published, stands here.
 */
import { describe, expect, it, test } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import type { TearPoint } from "../../../simulators/card/state.ts";
import type { AcquirerFaultName } from "../../../simulators/host/acquirer/acquirer-faults.ts";
import { type Bytes, concat, fromHex, readUint } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../../card/purse/commands.ts";
import { TestCodes } from "../../card/purse/testing.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { CardChannel, CardReader } from "../../drivers/ports.ts";
import { balanceOf } from "../quick-payment/testing.ts";
import type { PurseLoadOutcome, PurseLoadRequest } from "./acts.ts";
import { readBatch } from "./batch-rows.ts";
import { type BankLoads, openBankLoads } from "./load.ts";
import { decideLoad, LOAD_RULES } from "./load-machine.ts";
import type { LoadRules } from "./load-types.ts";
import type { BankLine, BankReply, HeldLine } from "./ports.ts";
import { BANK_BOUNDS, BANK_LIMITS, BankPlace, REPLY_MS } from "./testing.ts";

type Purse = PurseLoadRequest["purse"];
const AMOUNT = 5_000;
const TERMINAL = fromHex("990100000042");
const BOUNDS = { commandTimeoutMs: 1_000, pinTimeoutMs: 15_000, journalTimeoutMs: 5_000, returnTimeoutMs: 20_000 };
const HOST_TIME = fromHex("20260105 120500");

/** The e-purse's host: makes MAC2, and keeps what it has booked. */
class PurseHost {
  readonly booked = new Map<string, number>();
  fate: "answer" | "silent" | "decline" | "useless" = "answer";
  readonly #codes: () => TestCodes;

  constructor(codes: () => TestCodes) {
    this.#codes = codes;
  }

  exchange(message: IsoMessage): BankReply {
    const { fields } = message;
    const [amount, word] = [Number(fields.get(4)), fields.get(62) as Bytes];
    if (this.fate === "decline") return { kind: "declined", responseCode: "51", message, reason: "funds-short" };
    this.booked.set(String(fields.get(11)), amount);
    if (this.fate === "silent") return { kind: "unknown", cause: "98", reason: "timeout" };
    const opening = {
      kind: "ok",
      balance: fen(readUint(word, 16, 4)),
      onlineSequence: readUint(word, 20, 2),
      keyVersion: readUint(word, 22, 1),
      algorithm: readUint(word, 23, 1),
      cardRandom: word.slice(24, 28),
      mac1: word.slice(28, 32),
    } as const;
    const mac2 = this.#codes().loadMac2(opening, {
      amount: fen(amount),
      type: 0x02,
      terminalNumber: TERMINAL,
      date: HOST_TIME.slice(0, 4),
      time: HOST_TIME.slice(4),
    });
    const answer = this.fate === "useless" ? HOST_TIME : concat(HOST_TIME, mac2);
    const reply: IsoMessage = { type: "0210", fields: new Map([...fields, [37, "000000000001"], [38, "000001"], [39, "00"], [62, answer]]) };
    return { kind: "approved", responseCode: "00", message: reply };
  }
}

class Scene {
  readonly bank: BankPlace;
  readonly host: PurseHost;
  readonly purse: Purse;
  card: SimulatedCard | undefined;
  rules: LoadRules | undefined;
  commands = 0;
  /** The card leaves before the command of this number is sent, and comes back. */
  pulledBefore = -1;
  /** Whether a torn card comes back by itself. */
  returns = true;
  #loads: BankLoads | undefined;
  #before = 0;

  constructor(purse: Purse) {
    this.purse = purse;
    const profile = { loadCode: "45", purseLoad: { type: "0200", code: "41" } } as const;
    this.bank = new BankPlace({ interface: "contact", profile });
    this.host = new PurseHost(() => new TestCodes(this.present(), DEFAULT_CARD_PROFILE));
  }

  static async open(purse: Purse): Promise<Scene> {
    const made = new Scene(purse);
    await made.bank.start();
    await made.openLoads();
    made.card = made.bank.card();
    made.#before = balanceOf(made.card, purse);
    made.watch(() => undefined);
    return made;
  }

  present(): SimulatedCard {
    if (this.card === undefined) throw new Error("a card lies there");
    return this.card;
  }

  get loads(): BankLoads {
    if (this.#loads === undefined) throw new Error("the terminal is on");
    return this.#loads;
  }

  /** What becomes of each command to the card, by its number. */
  watch(fate: (index: number) => { readonly tear: TearPoint } | { readonly cut: "before" | "after" } | undefined): void {
    this.bank.reader.setFate(() => {
      const planned = fate(this.commands);
      this.commands += 1;
      if (planned === undefined) return { kind: "ok" };
      if ("tear" in planned) {
        if (this.returns) void this.bank.place.clock.sleep(400).then(() => this.bank.reader.insert(this.present()));
        return { kind: "tear", at: planned.tear };
      }
      this.bank.place.cutPower();
      return { kind: "hang", at: planned.cut };
    });
  }

  async openLoads(): Promise<void> {
    const { ports, bank } = this.bank;
    const purse = {
      purse: { applications: DEFAULT_PURSE_APPLICATIONS, proveSeqOrder: DEFAULT_CARD_PROFILE.proveSeqOrder },
      keyIndex: 1,
      terminalNumber: async () => TERMINAL,
    };
    const rules = this.rules === undefined ? {} : { rules: this.rules };
    const { reader: slot } = ports;
    const reader: CardReader = {
      name: slot.name,
      interface: slot.interface,
      waitForCard: async (limits) => this.#watched(await slot.waitForCard(limits)),
      waitForRemoval: (limits) => slot.waitForRemoval(limits),
      close: () => slot.close(),
    };
    this.#loads = await this.bank.run(openBankLoads({ ...ports, reader, line: this.#line(bank.line), book: bank.book, purse, ...rules }, BOUNDS));
  }

  #watched(channel: CardChannel): CardChannel {
    return {
      atr: channel.atr,
      insertion: channel.insertion,
      close: () => channel.close(),
      transmit: (command, limits) => {
        if (this.commands === this.pulledBefore) {
          this.pulledBefore = -1;
          this.bank.reader.remove();
          void this.bank.place.clock.sleep(400).then(() => this.bank.reader.insert(this.present()));
        }
        return channel.transmit(command, limits);
      },
    };
  }

  /** The real line, but for the message that the acquirer's paper does not know. */
  #line(line: BankLine): BankLine {
    const heldBy = (held: HeldLine): HeldLine => ({
      batch: held.batch,
      nextStan: () => held.nextStan(),
      claimStan: () => held.claimStan(),
      exchange: async (message, limits, options) =>
        options?.business === "purse-load" ? this.host.exchange(message) : held.exchange(message, limits, options),
    });
    return {
      batch: line.batch,
      signedIn: line.signedIn,
      hold: (wish, work, limits) => line.hold(wish, (held) => work(heldBy(held)), limits),
    };
  }

  begin(reference: string): Promise<PurseLoadOutcome> {
    return this.loads.load({ reference, amount: fen(AMOUNT), operator: "op1", purse: this.purse }, BANK_LIMITS);
  }

  load(reference: string): Promise<PurseLoadOutcome> {
    return this.bank.run(this.begin(reference));
  }

  async nextLife(): Promise<void> {
    await this.bank.nextLife();
    this.watch(() => undefined);
    await this.openLoads();
    // Only then nothing can arrive any more that the last life has sent.
    await this.bank.pass(REPLY_MS + 1);
  }

  /** The card goes and comes back, as after a cut that left it powered. */
  async again(): Promise<void> {
    this.bank.reader.remove();
    this.bank.reader.insert(this.present());
  }

  /** Whatever waits to be reversed goes out. */
  async clear(): Promise<void> {
    await this.bank.run(this.bank.bank.line.hold("clear", async () => true, BANK_LIMITS));
  }

  /** What the bank has taken and not given back. */
  taken(): number {
    if (this.purse === "electronic-cash") return this.bank.host.standing().reduce((sum, { amountFen }) => sum + amountFen, 0);
    const { terminalNumber: terminal } = this.bank.host.profile;
    const stands = ([stan]: readonly [string, number]) => !this.bank.ledger.reversalSeen({ terminal, batch: "000001", stan });
    return [...this.host.booked].filter(stands).reduce((sum, [, amount]) => sum + amount, 0);
  }

  credited(): number {
    return balanceOf(this.present(), this.purse) - this.#before;
  }

  /** Everything open is an explicit unknown of the load, and nothing else. */
  async open(): Promise<readonly string[]> {
    const open = await this.bank.run(this.bank.ports.journal.openSubjects({ limit: 20 }));
    return open.map(({ kind, state }) => `${kind} ${state}`);
  }
}

const PURSES: readonly Purse[] = ["e-purse", "electronic-cash"];

describe.each(PURSES)("a load of %s", (purse) => {
  it("takes from the account what it puts on the card, once for a reference", async () => {
    const made = await Scene.open(purse);
    const outcome = await made.load("l1");
    expect(outcome).toMatchObject({ kind: "loaded", amount: AMOUNT });
    expect([made.taken(), made.credited(), await made.open()]).toEqual([AMOUNT, AMOUNT, []]);
    expect(await made.load("l1")).toEqual(outcome);
    expect(await made.bank.run(made.loads.known("l1"))).toEqual(outcome);
    expect([made.taken(), made.credited()]).toEqual([AMOUNT, AMOUNT]);
    expect((await made.bank.histories()).toSorted()).toEqual(["prepared acting done", "prepared acting done"]);
    const { book, line } = made.bank.bank;
    const read = await made.bank.run(book.rows(line.batch).then((rows) => readBatch(made.bank.ports.journal, rows)));
    expect(read.rows).toMatchObject([{ side: "debit", amount: AMOUNT }]);
  });

  it("torn at any of its commands comes to the same on both sides", async () => {
    const counted = await Scene.open(purse);
    await counted.load("l1");
    for (const tear of ["before", "during", "after"] as const) {
      for (let index = 0; index < counted.commands; index += 1) {
        const made = await Scene.open(purse);
        made.watch((at) => (at === index ? { tear } : undefined));
        const outcome = await made.load("l1");
        await made.clear();
        expect([tear, index, outcome.kind, made.taken()]).toEqual([tear, index, outcome.kind, made.credited()]);
        expect(["loaded", "refused"]).toContain(outcome.kind);
        expect([outcome.kind === "loaded", await made.open()]).toEqual([made.credited() === AMOUNT, []]);
        // Whatever became of it, the next load works.
        expect(await made.load("l2")).toMatchObject({ kind: "loaded" });
        expect(made.taken()).toBe(made.credited());
      }
    }
  });

  test.each(["before", "after"] as const)("with power that fails %s any of its commands heals when the card returns", async (cut) => {
    const counted = await Scene.open(purse);
    await counted.load("l1");
    for (let index = 0; index < counted.commands; index += 1) {
      const made = await Scene.open(purse);
      made.watch((at) => (at === index ? { cut } : undefined));
      expect(await made.bank.untilCut(made.begin("l1"))).toBeUndefined();
      await made.nextLife();
      await made.again();
      // The same reference asks the card; a load that never began may be begun anew.
      await made.load("l1");
      await made.clear();
      expect([cut, index, made.taken()]).toEqual([cut, index, made.credited()]);
      expect(await made.open()).toEqual([]);
      expect(await made.load("l2")).toMatchObject({ kind: "loaded" });
      expect(made.taken()).toBe(made.credited());
    }
  });

  test.each(["before", "during", "after"] as const)("with power that fails %s any of its commits heals", async (when) => {
    for (let at = 1; at < 60; at += 1) {
      const made = await Scene.open(purse);
      let seen = 0;
      let armed = true;
      made.bank.place.disk.onCommit(() => {
        seen += 1;
        return armed && seen === at ? { kind: "cut", when } : { kind: "go" };
      });
      const answer = await made.bank.untilCut(made.begin("l1"));
      if (made.bank.place.on) {
        expect(answer).toMatchObject({ kind: "loaded" });
        expect(at).toBeGreaterThan(5);
        return;
      }
      armed = false;
      await made.nextLife();
      await made.again();
      await made.load("l1");
      await made.clear();
      expect([when, at, made.taken()]).toEqual([when, at, made.credited()]);
      expect(await made.open()).toEqual([]);
    }
    throw new Error("a load has fewer commits");
  });

  it.each(["request-lost", "reply-lost", "wrong-mac"] satisfies readonly AcquirerFaultName[])(
    "whose bank leg meets %s is reversed, and nothing is put on the card",
    async (fault) => {
      const made = await Scene.open(purse);
      if (purse === "e-purse") made.host.fate = "silent";
      else made.bank.host.planFault("0200", fault);
      expect(await made.load("l1")).toMatchObject({ kind: "unknown" });
      made.host.fate = "answer";
      await made.clear();
      expect([made.taken(), made.credited(), await made.open()]).toEqual([0, 0, []]);
      expect(await made.load("l2")).toMatchObject({ kind: "loaded" });
    },
  );

  it("that was refused is told again by its number, and never begun anew: a door that only asks whether it was begun lets nothing new in", async () => {
    const made = await Scene.open(purse);
    if (purse === "e-purse") made.host.fate = "decline";
    else made.bank.host.planFault("0200", "decline");
    const refused = await made.load("l1");
    expect(refused.kind).toBe("refused");
    made.host.fate = "answer";
    expect([await made.load("l1"), made.taken(), made.credited()]).toEqual([refused, 0, 0]);
    await made.nextLife();
    expect([(await made.load("l1")).kind, made.taken(), made.credited()]).toEqual(["refused", 0, 0]);
  });

  it("that the bank declines leaves nothing", async () => {
    const made = await Scene.open(purse);
    if (purse === "e-purse") made.host.fate = "decline";
    else made.bank.host.planFault("0200", "decline");
    expect(await made.load("l1")).toMatchObject({ kind: "refused", responseCode: purse === "e-purse" ? "51" : "05" });
    expect([made.taken(), made.credited(), await made.open()]).toEqual([0, 0, []]);
  });

  it("whose answer is of no use to the card goes back", async () => {
    const made = await Scene.open(purse);
    if (purse === "e-purse") made.host.fate = "useless";
    else made.bank.host.planFault("0200", "script-missing");
    expect(await made.load("l1")).toMatchObject({ kind: "unknown", reason: "load-answer-useless" });
    await made.clear();
    expect([made.taken(), made.credited(), await made.open()]).toEqual([0, 0, []]);
  });

  it("of nothing, or of another sum under the same reference, is refused", async () => {
    const made = await Scene.open(purse);
    const request = { reference: "l1", operator: "op1", purse } as const;
    expect(await made.bank.run(made.loads.load({ ...request, amount: fen(0) }, BANK_LIMITS))).toMatchObject({ kind: "refused" });
    await made.load("l1");
    expect(await made.bank.run(made.loads.load({ ...request, amount: fen(1) }, BANK_LIMITS))).toEqual({ kind: "refused", reason: "reference-conflict" });
  });
});

describe("electronic cash", () => {
  it("that refuses its issuer's script is not loaded, the account gets its money back, and the issuer is told", async () => {
    const made = await Scene.open("electronic-cash");
    made.bank.host.planFault("0200", "script-false");
    expect(await made.load("l1")).toMatchObject({ kind: "refused", reason: "not-loaded" });
    await made.clear();
    expect([made.taken(), made.credited(), await made.open()]).toEqual([0, 0, []]);
    const leg = (await made.bank.entries()).findLast(({ kind }) => kind === "bank-payment");
    expect(leg).toMatchObject({ state: "void", detail: { scriptResults: [{ kind: "failed" }] } });
  });
});

describe("a card that is pulled between two commands", () => {
  it.each(PURSES)("comes to the same on both sides: %s", async (purse) => {
    const counted = await Scene.open(purse);
    await counted.load("l1");
    for (let index = 0; index < counted.commands; index += 1) {
      const made = await Scene.open(purse);
      made.pulledBefore = index;
      const outcome = await made.load("l1");
      await made.clear();
      expect([index, outcome.kind, made.taken(), await made.open()]).toEqual([index, outcome.kind, made.credited(), []]);
    }
  });
});

describe("a bank leg that is unknown", () => {
  it("goes back by itself, without another act of the counter", async () => {
    const made = await Scene.open("electronic-cash");
    made.bank.host.planFault("0200", "reply-lost");
    made.bank.bank.background.start();
    expect(await made.load("l1")).toMatchObject({ kind: "unknown" });
    await made.bank.run(made.bank.place.clock.sleep(BANK_BOUNDS.pauseMaxMs + REPLY_MS));
    expect([made.taken(), await made.open()]).toEqual([0, []]);
    await made.bank.run(made.bank.bank.background.stop());
  });
});

describe("an undecided load", () => {
  it("is decided by nobody else while its card is waited for", async () => {
    const made = await Scene.open("e-purse");
    const credit = (await commandsOf("e-purse")) - 1;
    made.returns = false;
    made.watch((at) => (at === credit ? { tear: "after" } : undefined));
    const loading = made.begin("l1");
    await made.bank.run(made.bank.place.clock.sleep(15_000));
    const [parked] = await made.bank.run(made.loads.parked(10));
    expect(await made.bank.run(made.loads.decide(parked?.subject ?? "", { operator: "op1", act: "not-loaded" }))).toBe("not-parked");
    made.bank.reader.insert(made.present());
    expect(await made.bank.run(loading)).toMatchObject({ kind: "loaded" });
    expect([made.taken(), made.credited()]).toEqual([AMOUNT, AMOUNT]);
  });

  it("is decided by its card before that card takes anything more", async () => {
    for (const tear of ["before", "after"] as const) {
      const made = await Scene.open("e-purse");
      made.returns = false;
      const credit = (await commandsOf("e-purse")) - 1;
      made.watch((at) => (at === credit ? { tear } : undefined));
      expect(await made.load("l1")).toMatchObject({ kind: "unknown" });
      const { book, line } = made.bank.bank;
      const read = await made.bank.run(book.rows(line.batch).then((rows) => readBatch(made.bank.ports.journal, rows)));
      expect(read.rows).toMatchObject([{ side: "debit", amount: AMOUNT }]);
      await made.nextLife();
      made.bank.reader.insert(made.present());
      expect(await made.load("l2")).toMatchObject({ kind: "loaded" });
      await made.clear();
      expect([made.taken(), made.credited(), await made.open()]).toEqual([tear === "after" ? 2 * AMOUNT : AMOUNT, tear === "after" ? 2 * AMOUNT : AMOUNT, []]);
      expect(await made.bank.run(made.loads.known("l1"))).toMatchObject({ kind: tear === "after" ? "loaded" : "refused" });
    }
  });

  it("waits for its card, or for a person to decide", async () => {
    const made = await Scene.open("e-purse");
    made.returns = false;
    const credit = (await commandsOf("e-purse")) - 1;
    made.watch((at) => (at === credit ? { tear: "after" } : undefined));
    const outcome = await made.load("l1");
    expect(outcome).toMatchObject({ kind: "unknown" });
    expect(await made.open()).toEqual(["purse-load unknown", "bank-payment acting"]);
    const [parked] = await made.bank.run(made.loads.parked(10));
    expect(parked).toMatchObject({ what: "load", amount: AMOUNT });
    const decide = (act: "loaded" | "not-loaded") => made.bank.run(made.loads.decide(parked?.subject ?? "", { operator: "op1", act }));
    expect([await decide("loaded"), await decide("loaded"), await decide("not-loaded")]).toEqual(["settled", "settled", "not-parked"]);
    expect([await made.bank.run(made.loads.known("l1")), made.taken(), made.credited(), await made.open()]).toMatchObject([
      { kind: "loaded" },
      AMOUNT,
      AMOUNT,
      [],
    ]);
  });

  it("that a person calls not loaded gives its money back", async () => {
    const made = await Scene.open("e-purse");
    made.returns = false;
    const credit = (await commandsOf("e-purse")) - 1;
    made.watch((at) => (at === credit ? { tear: "before" } : undefined));
    expect(await made.load("l1")).toMatchObject({ kind: "unknown" });
    const [parked] = await made.bank.run(made.loads.parked(10));
    const word = { operator: "op1", act: "not-loaded", note: "card destroyed" } as const;
    expect(await made.bank.run(made.loads.decide(parked?.subject ?? "", word))).toBe("settled");
    await made.clear();
    expect([made.taken(), made.credited(), await made.open()]).toEqual([0, 0, []]);
    expect((await made.bank.entries()).find(({ detail }) => detail["decidedBy"] === "op1")?.detail).toMatchObject({ proof: "person", note: "card destroyed" });
  });

  it("is found by a rule that takes a lost answer for not loaded: the bank loses", async () => {
    const made = await Scene.open("e-purse");
    made.rules = {
      ...LOAD_RULES,
      crediting: {
        ...LOAD_RULES.crediting,
        "card-lost": ({ intent }) => ({
          state: { at: "closing", intent, outcome: { kind: "refused", reason: "lost" } },
          command: { do: "close", state: "void", after: intent },
        }),
      },
    };
    await made.openLoads();
    const credit = (await commandsOf("e-purse")) - 1;
    made.watch((at) => (at === credit ? { tear: "after" } : undefined));
    await made.load("l1");
    await made.clear();
    expect([made.taken(), made.credited()]).toEqual([0, AMOUNT]);
  });
});

/** Commands of one load; the last of an e-purse's is the one that credits. */
async function commandsOf(purse: Purse): Promise<number> {
  const made = await Scene.open(purse);
  await made.load("l1");
  return made.commands;
}

describe("the table", () => {
  it("what cannot happen is our own mistake, and an end ignores everything", () => {
    expect(() => decideLoad(LOAD_RULES, { at: "looking-up" }, { is: "bank-approved" })).toThrow("bank-approved cannot happen while looking-up");
    const ended = { at: "ended", outcome: { kind: "loaded" } } as const;
    expect(decideLoad(LOAD_RULES, ended, { is: "bank-approved" })).toEqual({ state: ended });
  });
});
