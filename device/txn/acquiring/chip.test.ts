/* The chip's part by itself: what the issuer says as the card hears it, and what the card's word holds. */
import { describe, expect, test } from "vitest";
import type { ElectronicCashOptions } from "../../../simulators/card/electronic-cash/make.ts";
import { bankCardKey, bankSessionKey, scriptMac } from "../../../simulators/crypto/bank.ts";
import { concat, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { dayRange } from "../../codec/civil-time.ts";
import { parseChipData } from "../../codec/iso8583/chip-data.ts";
import { type ChipCard, type ChipTerms, issuerAnswerOf, readBankCard } from "./chip.ts";
import { BankPlace, fenOf } from "./testing.ts";

const TERMS: ChipTerms = { amount: fen(5000), transactionType: "00", saleTime: { date: "20260105", time: "120000" } };
const LIMITS = { timeoutMs: 2000, signal: new AbortController().signal };

async function read(kind: "contact" | "contactless", options: Partial<ElectronicCashOptions> = {}, terms: Partial<ChipTerms> = {}) {
  const place = new BankPlace({ interface: kind });
  await place.start();
  const card = place.card(options);
  const channel = await place.run(place.reader.waitForCard(LIMITS));
  const access = { channel, limits: () => LIMITS };
  const found = await place.run(readBankCard(access, { cash: place.ports.cash, interface: kind }, { ...TERMS, ...terms }));
  return { place, card, access, found };
}

function account(found: Awaited<ReturnType<typeof read>>["found"]): ChipCard {
  if (found.kind !== "ok") throw new Error(`not read: ${found.reason}`);
  return found;
}

describe.each(["contact", "contactless"] as const)("a chip, %s", (kind) => {
  test("names its account with sequence, day and track, and keeps the track to itself", async () => {
    const { card, found } = await read(kind);
    const pan = card.personalization.electronicCash?.pan;
    const { account: named, personal } = account(found);
    expect(named).toMatchObject({ number: pan, sequence: "001", expiry: "4012" });
    if (kind === "contactless") expect(named.track2).toBe(`${pan}D401220100000`);
    expect(personal).toEqual({ pan, panSequence: "01", panExpiry: "4012" });
  });

  test.each([
    ["online-pin", "420300"],
    ["none", "1f0302"],
  ] as const)("says how its holder was verified: %s", async (holder, results) => {
    const { place, access, found } = await read(kind);
    const signed = await place.run(account(found).sign(access, holder));
    if (signed.kind !== "signed") throw new Error(signed.reason);
    const parsed = parseChipData(signed.chipData);
    if (!parsed.ok) throw new Error(parsed.reason);
    const { objects } = parsed.data;
    expect(toHex(objects.get(0x9f34) ?? utf8(""))).toBe(results);
    expect(toHex(objects.get(0x9f27) ?? utf8(""))).toBe("80");
    expect(toHex(objects.get(0x9f02) ?? utf8(""))).toBe("000000005000");
    expect(signed.detail).toMatchObject({ interface: kind, transactionType: "00", atc: 1 });
  });

  test("that may be past its day by now is refused", async () => {
    const { found } = await read(kind, { expiryDate: "260106" }, { days: { earliest: "20260105", latest: "20260107" } });
    // By radio a card that asks its issuer shows no record with its days: its issuer judges them.
    if (kind === "contact") expect(found).toEqual({ kind: "unusable", reason: "expired" });
    else expect(found.kind).toBe("ok");
    expect(dayRange("20260105")).toEqual({ earliest: "20260105", latest: "20260105" });
  });
});

describe("the issuer's commands", () => {
  test("are run by the card, and what became of them is told", async () => {
    const { place, card, access, found } = await read("contact");
    const chip = account(found);
    const signed = await place.run(chip.sign(access, "none"));
    if (signed.kind !== "signed") throw new Error(signed.reason);
    const parsed = parseChipData(signed.chipData);
    const cryptogram = parsed.ok ? (parsed.data.objects.get(0x9f26) ?? utf8("")) : utf8("");
    const rules = { suite: place.ports.cash.suite, algorithm: "sm4" as const, profile: place.ports.cash.profile };
    const key = bankSessionKey(rules, bankCardKey(rules, "bank-mac", { pan: chip.account.number, panSequence: "01" }), 1);
    const header = fromHex("04da9f780a");
    const data = fromHex("000000002000");
    const command = concat(header, data, scriptMac(rules, key, { counter: 1, cryptogram, header, data }));
    const issuer = issuerAnswerOf({ objects: new Map(), scripts: [{ when: "after", identifier: fromHex("00000009"), commands: [command] }] }, "05");
    expect(issuer).toMatchObject({ responseCode: utf8("05") });
    const end = await place.run(chip.complete(access, issuer, false));
    expect(end).toMatchObject({ accepted: false, scripts: [{ scriptId: "00000009", phase: "after-final", kind: "done", executed: 1 }] });
    expect(card.toSnapshot().memory.electronicCash?.singleLimitFen).toBe(fenOf(2000));
  });

  test("come with a proof and a code of its own, or with the reply's", () => {
    const proof = fromHex("0102030405060708");
    const whole = issuerAnswerOf({ objects: new Map([[0x91, concat(proof, utf8("00"))]]), scripts: [] }, "05");
    expect(whole).toEqual({ proof, responseCode: utf8("00"), scripts: [] });
    expect(issuerAnswerOf({ objects: new Map([[0x91, proof]]), scripts: [] }, "05")).toEqual({ responseCode: utf8("05"), scripts: [] });
    expect(issuerAnswerOf({ objects: new Map([[0x8a, utf8("51")]]), scripts: [] }, "05")).toEqual({ responseCode: utf8("51"), scripts: [] });
    expect(issuerAnswerOf(undefined, "00")).toEqual({ responseCode: utf8("00"), scripts: [] });
  });
});
