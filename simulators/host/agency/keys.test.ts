/* The agency's keys on a simulated card: unlock, new PIN, writes and blocks work, and nothing else does. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../../device/base/bytes.ts";
import type { SimulatedCard } from "../../card/card.ts";
import { makeTestCard } from "../../card/make.ts";
import { SELECTS } from "../../card/social/testing.ts";
import { expectOk, send } from "../../card/testing.ts";
import type { KeyAlgorithm } from "../../crypto/blocks.ts";
import { socialFactorsOf, TEST_PIN_KEY_HEX } from "../../crypto/test-keys.ts";
import { clearPinBlock } from "../../pinpad/pin-pad.ts";
import type { JsonFields } from "../canonical.ts";
import { actAtAgency } from "./commands.ts";
import { accountTail } from "./key-machine.ts";
import type { AgencyVariants } from "./service.ts";
import { CARD, HandTerminalOfAgency, PERSON, SERIAL, SUITE } from "./testing.ts";

const PIN = "246813";
const WRONG = "0020000003111111";
const ALGORITHMS = ["3des", "sm4"] as const;

class CardBench {
  readonly at: HandTerminalOfAgency;
  readonly card: SimulatedCard;
  readonly #algorithm: KeyAlgorithm;
  authorization = "";

  constructor(algorithm: KeyAlgorithm, variants: Partial<AgencyVariants> = {}) {
    this.#algorithm = algorithm;
    this.at = new HandTerminalOfAgency({ variants });
    this.card = makeTestCard(SUITE, { serial: SERIAL, balanceFen: 0, algorithm, pin: PIN });
    this.card.powerUp();
    expectOk(this.card, SELECTS.environment);
  }

  get cardKeys(): JsonFields {
    const historical = fromHex(this.card.personalization.historicalHex);
    return { algorithm: this.#algorithm, factors: socialFactorsOf({ historical, regionDigits: "990100" }).map(toHex) };
  }

  async begin(action: string, more: JsonFields = {}): Promise<JsonFields> {
    const input = { card: CARD, person: PERSON, action, variant: "key-machine", identityShown: true, cardKeys: this.cardKeys, ...more };
    const told = await this.at.say("pin-authorization", input);
    this.authorization = String(told["authorization"]);
    return told;
  }

  use(use: string, key: string, values: { readonly sessionFactor: string; readonly data: string; readonly padKeyCheck?: string }): Promise<JsonFields> {
    return this.at.say("key-use", { authorization: this.authorization, use, key, ...values });
  }

  challenge(): string {
    return toHex(expectOk(this.card, "0084000008"));
  }

  /** EXTERNAL AUTHENTICATE with a proof of the agency; the card's status word. */
  async prove(key: string, onCard: string): Promise<string> {
    const raw = this.challenge();
    const sessionFactor = this.challenge();
    const { proof } = await this.use("proof", key, { sessionFactor, data: raw });
    return send(this.card, `008200${onCard}10${String(proof)}${raw}`);
  }

  /** A command with a MAC of the agency. */
  async secured(key: string, header: string, data = ""): Promise<string> {
    const covered = `${header}${(data.length / 2 + 4).toString(16).padStart(2, "0")}${data}`;
    const { mac } = await this.use("mac", key, { sessionFactor: this.challenge(), data: covered });
    return send(this.card, `${covered}${String(mac)}`);
  }

  lock(): void {
    for (let tries = 0; tries < 10; tries += 1) send(this.card, WRONG);
    expect(send(this.card, WRONG)).toBe("6983");
  }
}

describe.each(ALGORITHMS)("with %s", (algorithm) => {
  it("a locked PIN has its tries again", async () => {
    const bench = new CardBench(algorithm);
    bench.lock();
    expect(await bench.begin("unlock")).toMatchObject({ action: "unlock", variant: "key-machine", validUntil: "2026-01-05T12:15:00.000+08:00" });
    expect(await bench.secured("puk", "84240000")).toBe("9000");
    expect(send(bench.card, `0020000003${PIN}`)).toBe("9000");
  });

  it("a forgotten PIN is the initial one again", async () => {
    const bench = new CardBench(algorithm);
    bench.lock();
    expect(await bench.begin("reset")).toMatchObject({ newPin: "initial" });
    expect(await bench.prove("puk", "06")).toBe("9000");
    const { command } = await bench.use("reload-command", "stk-ssse", { sessionFactor: bench.challenge(), data: "" });
    expect(send(bench.card, String(command))).toBe("9000");
    expect(send(bench.card, "0020000003123456")).toBe("9000");
  });

  it("the holder chooses a new PIN at the pad", async () => {
    const bench = new CardBench(algorithm, { newPin: "pad-block" });
    await bench.begin("reset");
    expect(await bench.prove("puk", "06")).toBe("9000");
    const clear = clearPinBlock("97531", accountTail(CARD.cardIdentifier), 8);
    const data = toHex(SUITE.tdesEncrypt(SUITE.secretKey(fromHex(TEST_PIN_KEY_HEX)), clear));
    const { command } = await bench.use("reload-command", "stk-ssse", { sessionFactor: bench.challenge(), data, padKeyCheck: "000000" });
    expect(send(bench.card, String(command))).toBe("9000");
    expect(send(bench.card, "002000000397531f")).toBe("9000");
    expect(await bench.use("reload-command", "stk-ssse", { sessionFactor: "00".repeat(8), data: "00".repeat(8) })).toEqual({ reason: "request-malformed" });
  });

  it("telephone and address are written where the agency says", async () => {
    const bench = new CardBench(algorithm);
    const changes = { telephone: "13912345678", address: "测试路2号" };
    const told = await bench.at.say("person-update", { card: CARD, person: PERSON, changes, cardKeys: bench.cardKeys });
    bench.authorization = String(told["authorization"]);
    expectOk(bench.card, SELECTS.df01);
    for (const write of told["writes"] as readonly Record<string, string | number>[]) {
      const { file, tag, valueHex, controlKey, macKey } = write;
      const record = `${Number(tag).toString(16)}${(String(valueHex).length / 2).toString(16)}${valueHex}`;
      const onCard = controlKey === "uk2-df01" ? "85" : "86";
      expect(await bench.prove(String(controlKey), onCard)).toBe("9000");
      const p2 = (Number(file) << 3).toString(16).padStart(2, "0");
      expect(await bench.secured(String(macKey), `04dc${Number(tag).toString(16)}${p2}`, record)).toBe("9000");
      const other = { sessionFactor: "00".repeat(8), data: `04dc${Number(tag).toString(16)}${p2}1e${record.replace(/.$/, "1")}` };
      expect(await bench.use("mac", String(macKey), other)).toEqual({ reason: "command-not-authorized" });
    }
    expect(await bench.at.say("person-details", { card: CARD })).toMatchObject(changes);
    expect(await bench.at.say("authorization-result", { authorization: bench.authorization, done: "yes" })).toEqual({});
    expect(await bench.use("proof", "uk2-df01", { sessionFactor: "00".repeat(8), data: "00".repeat(8) })).toEqual({ reason: "authorization-over" });
  });

  it("an application is blocked where the list orders it, and nowhere else", async () => {
    const bench = new CardBench(algorithm);
    const input = { card: CARD, directory: "df04", cardKeys: bench.cardKeys, listEntry: { level: "city", sequence: 1 } };
    expect(await bench.at.say("block-authorization", input)).toEqual({ reason: "no-block-order" });
    actAtAgency(bench.at.agency, { act: "order-block", card: CARD.cardNumber });
    const told = await bench.at.say("block-authorization", input);
    expect(told).toMatchObject({ controlKey: "lk", macKey: "stk-df04" });
    bench.authorization = String(told["authorization"]);
    expectOk(bench.card, SELECTS.medical);
    expect(await bench.prove("lk", "83")).toBe("9000");
    expect(await bench.secured("stk-df04", "841e0001")).toBe("9000");
    expect(await bench.use("mac", "stk-df03", { sessionFactor: "00".repeat(8), data: "841e000104" })).toEqual({ reason: "command-not-authorized" });
  });
});

describe("an authorisation", () => {
  it.each([
    ["another person", { person: { ...PERSON, name: "甲" } }, "person-differs"],
    ["no document", { identityShown: false }, "identity-not-shown"],
    ["another act", { action: "dance" }, "request-malformed"],
    ["no factors", { cardKeys: { algorithm: "sm4", factors: [] } }, "request-malformed"],
    ["another way", { variant: "key-machine" }, "variant-not-offered"],
  ])("is not given for %s", async (_, more, reason) => {
    const bench = new CardBench("sm4", { pinVariants: ["module"] });
    expect(await bench.begin("unlock", { variant: "module", ...more })).toEqual({ reason });
  });

  it("is not given for a card that is not active", async () => {
    const bench = new CardBench("sm4");
    actAtAgency(bench.at.agency, { act: "status", card: CARD.cardNumber, status: "formal-loss" });
    expect(await bench.begin("unlock")).toEqual({ reason: "card-not-active" });
    expect(await bench.at.say("person-update", { card: CARD, person: PERSON, changes: { telephone: "13912345678" } })).toEqual({ reason: "card-not-active" });
  });

  it("does what it is for, and nothing else", async () => {
    const bench = new CardBench("sm4");
    await bench.begin("unlock");
    const values = { sessionFactor: "00".repeat(8), data: "841e000104" };
    expect(await bench.use("mac", "puk", values)).toEqual({ reason: "command-not-authorized" });
    expect(await bench.use("proof", "puk", { ...values, data: "00".repeat(8) })).toEqual({ reason: "command-not-authorized" });
    expect(await bench.use("mac", "rk-ssse", values)).toEqual({ reason: "key-missing" });
    expect(await bench.use("mac", "puk", { ...values, sessionFactor: "00" })).toEqual({ reason: "request-malformed" });
    bench.authorization = "0".repeat(32);
    expect(await bench.use("mac", "puk", values)).toEqual({ reason: "authorization-unknown" });
  });

  it("ends with its time, its uses, or its result", async () => {
    const unlock = { sessionFactor: "00".repeat(8), data: "8424000004" };
    const used = new CardBench("sm4");
    await used.begin("unlock");
    for (let uses = 0; uses < 16; uses += 1) expect(await used.use("mac", "puk", unlock)).toHaveProperty("mac");
    expect(await used.use("mac", "puk", unlock)).toEqual({ reason: "uses-exhausted" });
    const old = new CardBench("sm4");
    await old.begin("unlock");
    await old.at.later(15 * 60_000);
    expect(await old.use("mac", "puk", unlock)).toEqual({ reason: "authorization-over" });
    const ended = new CardBench("sm4");
    await ended.begin("unlock");
    expect(await ended.at.say("authorization-result", { authorization: ended.authorization, done: "perhaps" })).toEqual({ reason: "request-malformed" });
    expect(await ended.at.say("authorization-result", { authorization: ended.authorization, done: "no" })).toEqual({});
    expect(await ended.at.say("authorization-result", { authorization: ended.authorization, done: "yes" })).toEqual({ reason: "authorization-over" });
    expect(await ended.at.say("authorization-result", { authorization: "x", done: "yes" })).toEqual({ reason: "authorization-unknown" });
  });
});

describe("details", () => {
  it.each([
    [{}, "request-malformed"],
    [{ telephone: "call me" }, "telephone-malformed"],
    [{ address: "x" }, "address-malformed"],
  ])("%j are refused", async (changes, reason) => {
    expect(await new CardBench("sm4").at.say("person-update", { card: CARD, person: PERSON, changes })).toEqual({ reason });
  });

  it("that stand on no card are changed in the book alone", async () => {
    const bench = new CardBench("sm4", { cardItems: {} });
    const told = await bench.at.say("person-update", { card: CARD, person: PERSON, changes: { telephone: "13912345678" }, cardKeys: bench.cardKeys });
    expect(told).toMatchObject({ changed: ["telephone"], writes: [] });
    expect("authorization" in told).toBe(false);
  });
});

it("twelve digits of a card identifier, letters left out", () => {
  expect(toHex(accountTail("990100d1560000050000000754455354"))).toBe("000754455354".padStart(12, "0"));
  expect(concat(accountTail("d1")).length).toBe(6);
});
