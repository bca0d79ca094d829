/* The acquirer by the paper: what it books, what it refuses and by which code, and that nothing it does not know ends in success. */
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { makeTestCard } from "../../card/make.ts";
import { decipherPin, encipherPin, type KeyLayout, type MacForm } from "./ciphers.ts";
import { TEST_BANK_PIN, testContract, testPan } from "./test-customers.ts";
import { chipData, fenDigits, type HandBank, openHandBank, PAN, type Texts } from "./testing.ts";

const suite = openCipherSuite();
const OPENING_FEN = 5_000_000;

test("a PIN block of the paper's own example is read back", () => {
  const account = "123456789012345678";
  const key = fromHex("0123456789abcdeffedcba9876543210");
  const clear = toHex(suite.tdesDecrypt(suite.secretKey(key), encipherPin(suite, key, { pin: "123456", account })));
  expect(clear).toBe("061253dffedcba98");
  expect(decipherPin(suite, key, { block: encipherPin(suite, key, { pin: "123456", account }), account })).toBe("123456");
});

const LAYOUTS: readonly (readonly [layout: KeyLayout, front: string, bytes: number])[] = [
  ["des-24", "", 24],
  ["tdes-40", "", 40],
  ["tdes-track-60", "", 60],
  ["triple-19-57", "", 57],
  ["tdes-40", "0102030405", 45],
];

describe.each(["ecb", "x9.19"] as const)("with MACs of the form %s", (macForm: MacForm) => {
  test.each(LAYOUTS)("keys %s behind the bytes %j open a session in which a sale with its PIN is booked", async (keyLayout, keyFrontHex, bytes) => {
    const bank = await openHandBank({ contract: testContract({ keyLayout, keyFrontHex, macForm }) });
    const keys = await bank.signIn();
    expect(keys.fields.get(62)).toHaveLength(bytes * 2);
    const reply = await bank.sale(40_000);
    expect([reply.type, reply.code, reply.macHolds]).toEqual(["0210", "00", true]);
    expect(bank.balanceFen()).toBe(OPENING_FEN - 40_000);
    expect(bank.ledger.unsound()).toEqual([]);
  });
});

test("SM4 keys open a session in which a sale with a PIN block of sixteen bytes is booked, and a wrong PIN is not", async () => {
  const bank = await openHandBank({ contract: testContract({ keyLayout: "sm4", macForm: "sm4" }) });
  expect((await bank.signIn()).fields.get(62)).toHaveLength(96);
  expect(bank.pinBlock()).toHaveLength(32);
  const reply = await bank.sale(40_000);
  expect([reply.type, reply.code, reply.macHolds, bank.balanceFen()]).toEqual(["0210", "00", true, OPENING_FEN - 40_000]);
  expect((await bank.sale(1_000, { 52: bank.pinBlock("654321") })).code).toBe("55");
  expect((await bank.sale(1_000, { 52: "0011223344556677" })).code).not.toBe("00");
  expect((await bank.ask("0800", { 60: `00${bank.batch}003` })).code).toBe("40");
  expect([bank.balanceFen(), bank.ledger.unsound()]).toEqual([OPENING_FEN - 40_000, []]);
});

test("the reply has the request's own fields, and its addresses the other way round", async () => {
  const bank = await openHandBank();
  const body = await bank.acquirer.exchange(bank.bytes("0200", bank.saleTexts(1_000, { 11: "000777" })));
  expect(toHex(body?.slice(0, 11) ?? fromHex(""))).toBe("6000000003603100310001");
  const reply = await bank.sale(1_000, { 11: "000778" });
  expect(Object.fromEntries(reply.fields)).toMatchObject({ 3: "000000", 4: fenDigits(1_000), 11: "000778", 41: "53010001", 42: "898530154110001" });
});

/** Changes of a sale, the code that answers it, and whether the answer is to a message that was read at all. */
const REFUSED: readonly (readonly [why: string, changes: Texts, code: string])[] = [
  ["an unknown account", { 2: "6299991234567890" }, "14"],
  ["a wrong PIN", { 52: "0011223344556677" }, "99"],
  ["no amount", { 4: fenDigits(0) }, "13"],
  ["more than there is", { 4: fenDigits(OPENING_FEN + 1) }, "51"],
  ["another batch", { 60: "22000009000" }, "77"],
  ["an unknown processing code", { 3: "550000" }, "12"],
  ["an unknown code of business", { 60: "99000001000" }, "12"],
  ["a field 60 without a batch", { 60: "22" }, "30"],
  ["a chip that no card of ours has made", { 55: chipData({ amountFen: 999, counter: 5, decision: "online" }) }, "05"],
  ["chip data without a form", { 55: "9f2608aabb" }, "30"],
];

test.each(REFUSED)("a sale with %s is refused, and nothing is booked", async (_, changes, code) => {
  const bank = await openHandBank();
  const reply = await bank.sale(1_000, changes);
  expect([reply.code, reply.macHolds]).toEqual([code, true]);
  expect(bank.ledger.transactions()).toEqual([]);
  expect(bank.balanceFen()).toBe(OPENING_FEN);
});

test("a wrong MAC, a missing one, and a terminal that has signed off: A0, and nothing is booked", async () => {
  const bank = await openHandBank();
  const body = bank.bytes("0200", bank.saleTexts(1_000));
  body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
  expect((await bank.send(body))?.code).toBe("A0");
  expect((await bank.ask("0200", bank.saleTexts(1_000), { mac: false })).code).toBe("A0");
  expect((await bank.ask("0820", { 60: "00000001002" })).code).toBe("00");
  expect((await bank.sale(1_000)).code).toBe("A0");
  await bank.signIn();
  expect((await bank.sale(1_000)).code).toBe("00");
  expect(bank.ledger.transactions()).toHaveLength(1);
});

test("strangers: another terminal 58, another merchant 03, another type 12, a sign-in with another layout 40, half a message 30, noise nothing", async () => {
  const bank = await openHandBank();
  expect((await bank.ask("0200", bank.saleTexts(1_000), { terminal: "99999999" })).code).toBe("58");
  expect((await bank.ask("0200", bank.saleTexts(1_000, { 42: "000000000000000" }))).code).toBe("03");
  expect((await bank.ask("0100", bank.saleTexts(1_000))).code).toBe("12");
  expect((await bank.ask("0800", { 60: "00000001004" })).code).toBe("40");
  expect((await bank.send(bank.bytes("0200", bank.saleTexts(1_000)).slice(0, 40)))?.code).toBe("30");
  expect(await bank.send(fromHex("6000030000"))).toBeUndefined();
  expect(bank.ledger.transactions()).toEqual([]);
});

test("three wrong PINs block the card for its PIN: 55, 55, 75, 75; a right one before that gives all tries back", async () => {
  const bank = await openHandBank();
  const pay = async (pin: string) => (await bank.sale(1_000, { 52: bank.pinBlock(pin) })).code;
  expect([await pay("111111"), await pay("222222"), await pay(TEST_BANK_PIN), await pay("111111"), await pay("111111")]).toEqual([
    "55",
    "55",
    "00",
    "55",
    "55",
  ]);
  expect([await pay("111111"), await pay(TEST_BANK_PIN)]).toEqual(["75", "75"]);
});

test("a small sale needs no PIN, a large one, a withdrawal and a balance do", async () => {
  const bank = await openHandBank();
  const withoutPin = (texts: Texts): Texts => Object.fromEntries(Object.entries(texts).filter(([number]) => !["26", "52", "53"].includes(number)));
  expect((await bank.ask("0200", withoutPin(bank.saleTexts(30_000)))).code).toBe("00");
  expect((await bank.ask("0200", withoutPin(bank.saleTexts(30_001)))).code).toBe("55");
  expect((await bank.ask("0200", withoutPin(bank.saleTexts(100, { 3: "010000" })))).code).toBe("55");
  expect((await bank.ask("0200", withoutPin(bank.saleTexts(0, { 3: "310000", 60: "01000001" })))).code).toBe("55");
  const balance = await bank.ask("0200", bank.saleTexts(0, { 3: "310000", 60: "01000001" }));
  expect([balance.code, balance.fields.get(54)]).toEqual(["00", "1002156C000004970000"]);
  expect((await bank.sale(10_000, { 3: "010000" })).code).toBe("00");
  expect(bank.ledger.totals()).toEqual({ sale: { count: 1, fen: 30_000 }, withdrawal: { count: 1, fen: 10_000 } });
});

test.each([
  ["lost", "41"],
  ["stolen", "43"],
  ["restricted", "62"],
  ["closed", "14"],
] as const)("a card that is %s gets %s", async (status, code) => {
  const bank = await openHandBank();
  expect(bank.acquirer.setStatus(PAN, status)).toBe(true);
  expect((await bank.sale(1_000)).code).toBe(code);
  expect(bank.acquirer.setStatus("1", "lost")).toBe(false);
});

test("a message number pays once: 94 for whatever bears it again", async () => {
  const bank = await openHandBank();
  expect((await bank.sale(1_000, { 11: "000100" })).code).toBe("00");
  expect((await bank.sale(1_000, { 11: "000100" })).code).toBe("94");
  expect(bank.ledger.transactions()).toHaveLength(1);
});

describe("what takes money back", () => {
  /** A sale of 10 yuan with the number 000100, and the texts of what takes it back. */
  async function paid(): Promise<{ readonly bank: HandBank; readonly back: (changes?: Texts) => Texts }> {
    const bank = await openHandBank();
    await bank.sale(1_000, { 11: "000100" });
    return { bank, back: (changes = {}) => bank.saleTexts(1_000, { 3: "200000", 60: `23${bank.batch}`, 61: "000001000100", ...changes }) };
  }

  test("a void stands once, on the credit side of the batch", async () => {
    const { bank, back } = await paid();
    expect((await bank.ask("0200", back())).code).toBe("00");
    expect((await bank.ask("0200", back())).code).toBe("12");
    expect(bank.balanceFen()).toBe(OPENING_FEN);
    expect(bank.ledger.batches.totals("53010001", "000001")).toEqual({ debits: 1, debitFen: 1_000, credits: 1, creditFen: 1_000 });
  });

  test.each([
    ["of nothing", { 61: "000001000999" }, "25"],
    ["of another amount", { 4: fenDigits(999) }, "64"],
    ["of another card's payment", { 2: testPan(2), 52: "" }, "12"],
    ["with another reference", { 37: "000000009999" }, "25"],
  ] as const)("a void %s is refused", async (_, changes, code) => {
    const { bank, back } = await paid();
    const texts: Texts = Object.fromEntries(Object.entries(back(changes)).filter(([, value]) => value !== ""));
    expect((await bank.ask("0200", texts)).code).toBe(code);
    expect(bank.balanceFen()).toBe(OPENING_FEN - 1_000);
  });

  test("refunds add up to the payment at most, in whichever batch", async () => {
    const { bank, back } = await paid();
    bank.ledger.sessions.openBatch("53010001", "000002");
    bank.batch = "000002";
    const refund = (amountFen: number) => bank.ask("0220", back({ 4: fenDigits(amountFen), 60: `25${bank.batch}` }));
    expect([(await refund(600)).code, (await refund(401)).code, (await refund(400)).code]).toEqual(["00", "61", "00"]);
    expect(bank.balanceFen()).toBe(OPENING_FEN);
  });

  test("a reversal undoes once and is answered the same again; of what never came it is remembered", async () => {
    const { bank } = await paid();
    const reverse = (stan: string, changes: Texts = {}) => {
      const { 26: _, 52: __, 53: ___, ...texts } = bank.saleTexts(1_000, { 11: stan, 39: "98", 61: `000001${stan}`, ...changes });
      return bank.ask("0400", texts);
    };
    const first = await reverse("000100");
    expect([first.type, first.code, first.macHolds]).toEqual(["0410", "00", true]);
    expect((await reverse("000100")).code).toBe("00");
    expect(bank.balanceFen()).toBe(OPENING_FEN);
    expect((await reverse("000200")).code).toBe("25");
    expect((await bank.sale(1_000, { 11: "000200" })).code).toBe("12");
    expect((await bank.sale(1_000, { 11: "000300" })).code).toBe("00");
    expect((await reverse("000300", { 4: fenDigits(5) })).code).toBe("12");
    expect(bank.ledger.reversals()).toMatchObject([
      { stan: "000100", times: 2, undone: true },
      { stan: "000200", times: 1, undone: false },
    ]);
    expect(bank.ledger.unsound()).toEqual([]);
  });

  test("the reversal of a void lets the payment stand again, whichever message field 61 names", async () => {
    const { bank, back } = await paid();
    await bank.ask("0200", back({ 11: "000101" }));
    expect(bank.balanceFen()).toBe(OPENING_FEN);
    const { 26: _, 52: __, 53: ___, ...texts } = back({ 11: "000101", 39: "98" });
    expect((await bank.ask("0400", texts)).code).toBe("00");
    expect(bank.balanceFen()).toBe(OPENING_FEN - 1_000);
    expect(bank.ledger.ofBatch("53010001", "000001").map(({ status }) => status)).toEqual(["booked", "reversed"]);
  });

  test("what is voided or partly refunded is not reversed", async () => {
    const { bank, back } = await paid();
    await bank.ask("0200", back());
    const { 26: _, 52: __, 53: ___, ...texts } = bank.saleTexts(1_000, { 11: "000100", 39: "06" });
    expect((await bank.ask("0400", texts)).code).toBe("12");
  });
});

describe("a chip", () => {
  test("that asks is answered by its issuer over the code of the reply; that decided offline is none for online", async () => {
    const bank = await openHandBank();
    const reply = await bank.sale(1_000, { 23: "001", 55: chipData({ amountFen: 1_000, counter: 5, decision: "online" }) });
    expect([reply.code, reply.fields.get(55)]).toEqual(["00", expect.stringMatching(/^910A[0-9A-F]{16}3030$/)]);
    expect((await bank.sale(1_000, { 23: "001", 55: chipData({ amountFen: 1_000, counter: 6, decision: "approved" }) })).code).toBe("05");
  });

  test("that paid offline is booked once: again 94, under another number 94, with a false certificate 05, without its mark 30", async () => {
    const bank = await openHandBank();
    const upload = (counter: number, changes: Texts = {}, mark = "5931") => {
      const { 26: _, 52: __, 53: ___, ...texts } = bank.saleTexts(500, { 60: `36${bank.batch}`, 63: "CUP", ...changes });
      return bank.ask("0200", { ...texts, 23: "001", 55: chipData({ amountFen: 500, counter, decision: "approved" }, [[0x8a, mark]]), ...changes });
    };
    expect((await upload(7, { 11: "000500" })).code).toBe("00");
    expect((await upload(7, { 11: "000500" })).code).toBe("94");
    expect((await upload(7)).code).toBe("94");
    expect((await upload(8, {}, "5933")).code).toBe("30");
    expect((await upload(8, { 4: fenDigits(501) })).code).toBe("05");
    expect(bank.ledger.totals()).toEqual({ "offline-sale": { count: 1, fen: 500 } });
    expect(bank.balanceFen()).toBe(OPENING_FEN);
  });

  test("is loaded by a script with the new balance, and the load is reversed like a payment", async () => {
    const bank = await openHandBank();
    const texts = bank.saleTexts(2_000, { 11: "000600", 25: "91", 60: `45${bank.batch}`, 23: "001" });
    const reply = await bank.ask("0200", { ...texts, 55: chipData({ amountFen: 2_000, counter: 9, decision: "online", balanceFen: 300 }) });
    expect(reply.code).toBe("00");
    expect(reply.fields.get(55)).toMatch(/^910A.{20}72.{2}9F180400000001860F04DA9F790A000000002300/);
    expect(bank.balanceFen()).toBe(OPENING_FEN - 2_000);
    const { 26: _, 52: __, 53: ___, ...back }: Texts = { ...texts, 39: "06" };
    expect((await bank.ask("0400", back)).code).toBe("00");
    expect(bank.balanceFen()).toBe(OPENING_FEN);
  });

  test.each(["field-62", "field-55"] as const)(
    "with an e-purse is loaded by the host's code, with the codes in %s; a false code of the purse moves nothing",
    async (layout) => {
      const bank = await openHandBank();
      const card = makeTestCard(suite, { serial: 1, balanceFen: 700, algorithm: "sm4" });
      const { purse } = card.personalization;
      const exchange = (hex: string) => toHex(card.transmit(fromHex(hex)));
      card.powerUp();
      exchange(`00A40400${(purse.aidHex.length / 2).toString(16).padStart(2, "0")}${purse.aidHex}`);
      const opened = exchange(`805000020B${toHex(Uint8Array.of(purse.keyIndex))}${(2_000).toString(16).padStart(8, "0")}990100999999`);
      const answer = opened.length > 4 ? opened : exchange("00C0000010");
      const word = (mac: string) => `${purse.serialHex}990100999999${answer.slice(0, 24)}${mac}`;
      const ask = (code: string) => {
        const texts = bank.saleTexts(2_000, { 25: "91", 60: `40${bank.batch}` });
        return bank.ask("0200", layout === "field-62" ? { ...texts, 62: word(code) } : { ...texts, 55: `df7220${word(code)}` });
      };
      expect((await ask("00000000")).code).toBe("05");
      expect(bank.balanceFen()).toBe(OPENING_FEN);
      const reply = await ask(answer.slice(24, 32));
      expect(reply.code).toBe("00");
      const credit = (layout === "field-62" ? reply.fields.get(62) : reply.fields.get(55)?.slice(6)) ?? "";
      expect(credit).toMatch(/^2026[0-9A-F]{18}$/);
      expect(exchange(`805200000B${credit}`)).toMatch(/9000$|^6104$/);
      expect(bank.balanceFen()).toBe(OPENING_FEN - 2_000);
      expect(bank.ledger.totals()).toEqual({ "purse-load": { count: 1, fen: 2_000 } });
    },
  );

  test("tells what became of its script, once, of a transaction that is known", async () => {
    const bank = await openHandBank();
    await bank.sale(1_000, { 11: "000100" });
    const result = (stan: string, objects: string) => bank.ask("0620", { 11: stan, 55: objects, 60: `00${bank.batch}951`, 61: "000001000100" });
    const objects = chipData({ amountFen: 1_000, counter: 5, decision: "online" }, [[0xdf31, "2000000000"]]);
    expect([(await result("000101", objects)).code, (await result("000101", objects)).code]).toEqual(["00", "00"]);
    expect((await bank.ask("0620", { 55: objects, 60: `00${bank.batch}951`, 61: "000001000999" })).code).toBe("25");
    expect((await result("000102", "9f3602000a")).code).toBe("30");
    expect(bank.ledger.scriptResults()).toMatchObject([{ terminal: "53010001", original: "000001000100" }]);
  });
});
