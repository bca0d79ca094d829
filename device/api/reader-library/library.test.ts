/* The functions of the reader interface over a simulated card and module: strings field by field, and every number that is documented. */
import { describe, expect, it } from "vitest";
import { makeTestCard } from "../../../simulators/card/make.ts";
import { CARD_BAS_ORDERS, parseReadCardBas } from "../../codec/read-card-bas.ts";
import { encodeGbText } from "../../codec/text.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { InitialPinRule } from "../../txn/initial-pin.ts";
import { FUNCTION_NAMES } from "./functions.ts";
import { CALLER, cardInfoOf, HostOfCard, INITIAL_PIN, libraryPlace } from "./testing.ts";

const OTHER = { name: "another program" };

describe("iReadCardBas", () => {
  it("tells the card field by field", async () => {
    const { ask } = await libraryPlace();
    const { result, output } = await ask("iReadCardBas");
    expect(result).toBe(0);
    const bytes = encodeGbText(output);
    expect(bytes.ok && parseReadCardBas(bytes.bytes, CARD_BAS_ORDERS.standard)).toEqual({
      ok: true,
      card: {
        regionCode: "990100",
        socialSecurityNumber: "990100199001010012",
        cardNumber: "T0000001X",
        cardIdentifier: "990100D1560000050000000154455354",
        name: "测试乙",
        historicalBytes: "0081544C538660990100000001",
        version: "3.0",
        issueDate: "20200101",
        expiryDate: "20401231",
        terminalNumber: "990100000001",
        deviceNumber: "DEV1",
      },
    });
  });

  it("keeps a provider's order", async () => {
    const { ask } = await libraryPlace({ more: { provider: "number-first" } });
    expect((await ask("iReadCardBas")).output).toMatch(/^T0000001X\|990100\|/);
  });

  it.each([
    ["no such type", { iType: 0 }, {}, -14],
    ["contacts alone, at a reader by radio", { iType: 1 }, {}, -1],
    ["no module", {}, { psam: "none" }, -2201],
    ["a module without the algorithm", {}, { psam: { algorithms: ["3des"] } }, -2202],
    ["a module without the read key", {}, { psam: { withoutKeys: ["rkssse"] } }, -2203],
    ["an expired card", {}, { card: { expired: true } }, -9003],
  ] as const)("%s: %j", async (_what, given, options, result) => {
    const { ask } = await libraryPlace(options);
    expect(await ask("iReadCardBas", given)).toEqual({ result, output: "" });
  });

  it("a module that was there and is gone", async () => {
    const { ask, cardInfo, place } = await libraryPlace();
    expect((await ask("iReadCardBas")).result).toBe(0);
    place.plan(({ to }) => (to === "module" ? { kind: "tear", at: "before" } : { kind: "ok" }));
    expect((await ask("iReadCardBas")).result).toBe(-2201);
    expect((await ask("iReadCard", { iAuthType: 2, cardInfo, fileAddress: "SSSEEF06|09|$" })).result).toBe(-2201);
    expect((await ask("iDoDebit", { cardInfo, payInfo: "1.00|1.00|20260105121500|" })).result).toBe(-2201);
    expect(await place.entries()).toEqual([]);
  });

  it("no card", async () => {
    const { ask, place } = await libraryPlace();
    place.reader.remove();
    expect(await ask("iReadCardBas")).toEqual({ result: -2, output: "" });
  });

  it("a sale has the reader", async () => {
    const { ask, ports } = await libraryPlace();
    const giveBack = ports.lane.take();
    expect((await ask("iReadCardBas")).result).toBe(-9001);
    giveBack?.();
    expect((await ask("iReadCardBas")).result).toBe(0);
  });

  it("two callers at once: the second is told so", async () => {
    const { library, place } = await libraryPlace();
    const call = {
      name: "iReadCardBas",
      numbers: { iType: 2, iAuthType: 0 },
      texts: { cardInfo: "", fileAddress: "", data: "", payInfo: "", key: "" },
    } as const;
    const signal = new AbortController().signal;
    const first = library.call(CALLER, call, signal);
    expect(await library.call(OTHER, call, signal)).toEqual({ result: -9001, output: "" });
    expect((await place.clock.resolve(first)).result).toBe(0);
  });
});

describe("iReadCardBas with a host", () => {
  const withoutReadKey = { psam: { withoutKeys: ["rkssse"] } } as const;

  it("two steps give the same string", async () => {
    const { ask, card } = await libraryPlace(withoutReadKey);
    const { output: whole } = await (await libraryPlace()).ask("iReadCardBas");
    const first = await ask("iReadCardBas_HSM_Step1");
    expect(first).toMatchObject({ result: 0 });
    const [region, historical, algorithm, identifier, factor1 = "", raw1 = "", factor2 = "", raw2 = "", device] = first.output.split("|");
    expect({ region, historical, algorithm, identifier, device }).toEqual({
      region: "990100",
      historical: "0081544C538660990100000001",
      algorithm: "03",
      identifier: "990100D1560000050000000154455354",
      device: "DEV1",
    });
    const host = new HostOfCard(card);
    const key = host.proof("irk", factor1, raw1) + host.proof("rkssse", factor2, raw2);
    expect(await ask("iReadCardBas_HSM_Step2", { key })).toEqual({ result: 0, output: whole });
    expect((await ask("iReadCardBas_HSM_Step2", { key })).result).toBe(-9005);
  });

  it("a host's wrong proofs", async () => {
    const { ask, card } = await libraryPlace(withoutReadKey);
    const host = new HostOfCard(card);
    const step = async (keyOf: (values: readonly string[]) => string) => {
      const { output } = await ask("iReadCardBas_HSM_Step1");
      return (await ask("iReadCardBas_HSM_Step2", { key: keyOf(output.split("|").slice(4, 8)) })).result;
    };
    const wrong = "00".repeat(8);
    expect(await step(() => "nonsense")).toBe(-14);
    expect(await step(([, raw1 = "", factor2 = "", raw2 = ""]) => `${wrong}${raw1}|${host.proof("rkssse", factor2, raw2)}`)).toBe(-21);
    expect(await step(([factor1 = "", raw1 = "", , raw2 = ""]) => `${host.proof("irk", factor1, raw1)}${wrong}${raw2}|`)).toBe(-0x63c9);
    expect(await step(([factor1 = "", raw1 = "", factor2 = ""]) => host.proof("irk", factor1, raw1) + host.proof("rkssse", factor2, wrong))).toBe(-15);
  });

  it("no host is needed where the module would do, unless the provider says otherwise", async () => {
    expect((await (await libraryPlace()).ask("iReadCardBas_HSM_Step1")).result).toBe(-2204);
    expect((await (await libraryPlace({ more: { provider: "own-pin-numbers" } })).ask("iReadCardBas_HSM_Step1")).result).toBe(0);
  });

  it("between the steps the reader is the caller's; after its time, or when it is gone, it is everybody's", async () => {
    const { ask, ports, place, library } = await libraryPlace(withoutReadKey);
    expect((await ask("iReadCardBas_HSM_Step1")).result).toBe(0);
    expect((await ask("iReadDebitRecord", {}, OTHER)).result).toBe(-9001);
    expect(ports.lane.take()).toBeUndefined();
    await place.clock.resolve(library.leave(CALLER));
    expect((await ask("iReadDebitRecord", {}, OTHER)).result).toBe(0);
    expect((await ask("iReadCardBas_HSM_Step1")).result).toBe(0);
    await place.clock.resolve(place.clock.sleep(61_000));
    expect((await ask("iReadCardBas_HSM_Step2", { key: "" })).result).toBe(-9005);
    expect((await ask("iReadDebitRecord", {}, OTHER)).result).toBe(0);
  });

  it("the card leaves between the steps", async () => {
    const { ask, place, card } = await libraryPlace(withoutReadKey);
    const { output } = await ask("iReadCardBas_HSM_Step1");
    const [factor1 = "", raw1 = "", factor2 = "", raw2 = ""] = output.split("|").slice(4, 8);
    place.reader.remove();
    const host = new HostOfCard(card);
    expect((await ask("iReadCardBas_HSM_Step2", { key: host.proof("irk", factor1, raw1) + host.proof("rkssse", factor2, raw2) })).result).toBe(-2);
  });
});

describe("iReadCard and iWriteCard", () => {
  it("items of several files, by key", async () => {
    const { ask, cardInfo } = await libraryPlace();
    const fileAddress = "SSSEEF05|07|01|03|$SSSEEF06|08|09|$DF04EF05|84|8F|$";
    expect(await ask("iReadCard", { iAuthType: 2, cardInfo, fileAddress })).toEqual({
      result: 0,
      output: "SSSEEF05|T0000001X|990100D1560000050000000154455354|3.0|$SSSEEF06|990100199001010012|测试乙|$DF04EF05|990100|2|$",
    });
    expect((await ask("iReadCard", { iAuthType: 2, cardInfo, fileAddress: "3F00EF06|09|$" })).output).toBe("3F00EF06|测试乙|$");
  });

  it.each([
    ["another card", { cardInfo: "990100D1560000050000000254455354|T00000018|" }, -22],
    ["no card named", { cardInfo: "somebody" }, -20],
    ["no such right", { iAuthType: 3 }, -14],
    ["no address", { fileAddress: "SSSE" }, -14],
    ["no such file", { fileAddress: "DF07EF09|01|$" }, -27266],
  ] as const)("%s", async (_what, given, result) => {
    const { ask, cardInfo } = await libraryPlace();
    expect((await ask("iReadCard", { iAuthType: 2, cardInfo, fileAddress: "SSSEEF05|07|$", ...given })).result).toBe(result);
  });

  it("by the holder's PIN, without a module", async () => {
    const { ask, cardInfo, place } = await libraryPlace({ psam: "none", card: { pin: "123456" } });
    const given = { cardInfo, fileAddress: "DF04EF05|84|$" };
    expect(await ask("iReadCard", { iAuthType: 1, ...given })).toEqual({ result: 0, output: "DF04EF05|990100|$" });
    expect((await ask("iReadCard", { iAuthType: 2, ...given })).result).toBe(-2201);
    place.pin = undefined;
    expect((await ask("iReadCard", { iAuthType: 1, ...given })).result).toBe(-31);
  });

  it("writing needs a key that the module has not", async () => {
    const { ask, cardInfo } = await libraryPlace();
    const given = { cardInfo, fileAddress: "DF04EF05|83|$", data: "DF04EF05|P99010001|$" };
    expect((await ask("iWriteCard", given)).result).toBe(-2203);
    expect((await ask("iWriteCard", { ...given, data: "DF04EF05|much too long a value|$" })).result).toBe(-41);
    expect((await ask("iWriteCard", { ...given, data: "DF04EF06|P99010001|$" })).result).toBe(-14);
  });
});

describe("a card that may not be served", () => {
  const address = { fileAddress: "SSSEEF05|07|$" };
  const begins = [
    ["iReadCardBas", {}],
    ["iReadCardBas_HSM_Step1", {}],
    ["iReadCard", { iAuthType: 2, ...address }],
    ["iWriteCard", { fileAddress: "DF04EF05|83|$", data: "DF04EF05|P99010001|$" }],
    ["iVerifyPIN", {}],
    ["iChangePIN", {}],
    ["iReloadPIN", {}],
    ["iReloadPIN_HSM_Step1", {}],
    ["iUnblockPIN", {}],
    ["iUnblockPIN_HSM_Step1", {}],
    ["iDoDebit", { payInfo: "1.00|1.00|20260105121500|" }],
    ["iReadDebitRecord", {}],
  ] as const;

  it.each(begins)("%s: neither one that a list names nor one that has expired", async (name, given) => {
    const listed = await libraryPlace({ card: { pin: "123456" }, more: { social: { isListed: () => true } } });
    expect(await listed.ask(name, { cardInfo: listed.cardInfo, ...given })).toEqual({ result: -9003, output: "" });
    const expired = await libraryPlace({ card: { pin: "123456", expired: true } });
    expect(await expired.ask(name, { cardInfo: expired.cardInfo, ...given })).toEqual({ result: -9003, output: "" });
    expect([...(await listed.place.entries()), ...(await expired.place.entries())]).toEqual([]);
  });

  it("a card that a list names while a host is asked is not touched by the next step", async () => {
    let listed = false;
    const { ask, card, cardInfo, place } = await libraryPlace({ card: { pin: "123456" }, more: { social: { isListed: () => listed } } });
    const host = new HostOfCard(card);
    const challenge = (await ask("iUnblockPIN_HSM_Step1", { cardInfo })).output.split("|")[5] ?? "";
    listed = true;
    expect(await ask("iUnblockPIN_HSM_Step2", { key: host.unblock(challenge) })).toEqual({ result: -9003, output: "" });
    listed = false;
    const [, , , , , factor = "", raw = ""] = (await ask("iReloadPIN_HSM_Step1", { cardInfo })).output.split("|");
    const second = await ask("iReloadPIN_HSM_Step2", { key: host.proof("puk", factor, raw) });
    listed = true;
    expect(await ask("iReloadPIN_HSM_Step3", { key: host.reload(second.output.split("|")[5] ?? "", "654321") })).toEqual({ result: -9003, output: "" });
    listed = false;
    place.pin = "123456";
    expect((await ask("iVerifyPIN")).result).toBe(0);
  });

  it("is meant by every function that begins with a card", () => {
    const beginning = FUNCTION_NAMES.filter((name) => !/Step[23]$/v.test(name));
    expect(begins.map(([name]) => name)).toEqual(beginning);
  });
});

describe("what only the module's own keys or the holder open", () => {
  it("items are written under a key of the module and read again with the holder's PIN", async () => {
    const { ask, cardInfo } = await libraryPlace({ card: { pin: "123456" } });
    const fileAddress = "DF04EF06|92|93|$";
    expect(await ask("iWriteCard", { cardInfo, fileAddress, data: "DF04EF06|00001250|03|$" })).toEqual({ result: 0, output: "" });
    expect(await ask("iReadCard", { iAuthType: 1, cardInfo, fileAddress })).toEqual({ result: 0, output: "DF04EF06|00001250|03|$" });
  });

  it("an item whose answer was lost is not decided: the same call again writes it again, to the same end", async () => {
    const { ask, card, cardInfo, place } = await libraryPlace({ card: { pin: "123456" } });
    const given = { cardInfo, fileAddress: "DF04EF06|92|$", data: "DF04EF06|00000700|$" };
    place.reader.setFate(({ command }) => (command[0] === 0x04 && command[1] === 0xdc ? { kind: "tear", at: "after" } : { kind: "ok" }));
    expect((await ask("iWriteCard", given)).result).toBe(-9002);
    place.reader.setFate(() => ({ kind: "ok" }));
    place.reader.remove();
    place.reader.insert(card);
    expect((await ask("iWriteCard", given)).result).toBe(0);
    expect((await ask("iReadCard", { iAuthType: 1, cardInfo, fileAddress: given.fileAddress })).output).toBe("DF04EF06|00000700|$");
  });

  it("records of the medical log, as many as were asked for", async () => {
    const { ask, cardInfo, place } = await libraryPlace({ card: { pin: "123456" } });
    expect((await ask("iDoDebit", { cardInfo, payInfo: "17.00|12.00+4.00|20260105121500|" })).result).toBe(0);
    const given = { cardInfo, fileAddress: "DF04EF08|40:2|$" };
    expect((await ask("iReadCard", { iAuthType: 1, ...given })).output).toMatch(/^DF04EF08\|1\^32\^990100000001\^\d{14}\^12\.00\^1\.00\^4\.00\|\|\$$/);
    expect((await ask("iReadCard", { iAuthType: 2, ...given })).result).toBe(-27010);
    expect((await ask("iReadCard", { iAuthType: 1, cardInfo, fileAddress: "DF04EF05|84:2|$" })).result).toBe(-14);
    place.pin = "000000";
    expect((await ask("iReadDebitRecord")).result).toBe(-25538);
  });
});

describe("the PIN", () => {
  it("right, wrong with the tries left, locked", async () => {
    const { ask, place } = await libraryPlace({ card: { pin: "123456" } });
    expect(await ask("iVerifyPIN")).toEqual({ result: 0, output: "" });
    place.pin = "000000";
    const results = [];
    for (let at = 0; at < 4; at += 1) results.push(await ask("iVerifyPIN"));
    expect(results).toEqual([
      { result: -25538, output: "2|" },
      { result: -25537, output: "1|" },
      { result: -27011, output: "0|" },
      { result: -27011, output: "0|" },
    ]);
  });

  it("a provider with numbers of its own", async () => {
    const { ask, place } = await libraryPlace({ card: { pin: "123456" }, more: { provider: "own-pin-numbers" } });
    place.pin = "000000";
    expect((await ask("iVerifyPIN")).result).toBe(-51);
  });

  it("the initial one may not trade", async () => {
    const initialPin: InitialPinRule = { policy: "refuse-initial", evidence: () => "initial" };
    const { ask } = await libraryPlace({ card: { pin: "123456" }, more: { initialPin } });
    expect((await ask("iVerifyPIN")).result).toBe(-35);
  });

  it.each([
    ["a new one", { kind: "changes", old: "123456", next: "654321" }, 0],
    ["the initial one again", { kind: "changes", old: "123456", next: INITIAL_PIN }, -36],
    ["two entries that differ", { kind: "changes", old: "123456", next: "654321", again: "654322" }, -34],
    ["given up", { kind: "cancels" }, -31],
    ["nobody there", { kind: "walks-away" }, -32],
    ["the old one wrong", { kind: "changes", old: "000000", next: "654321" }, -25538],
  ] as const)("changed: %s", async (_what, act, result) => {
    const { ask } = await libraryPlace({ card: { pin: "123456" }, changes: [act] });
    expect((await ask("iChangePIN")).result).toBe(result);
  });

  it("unblocked by a host in two steps, set anew in three", async () => {
    const { ask, place, card, cardInfo } = await libraryPlace({ card: { pin: "123456" } });
    const host = new HostOfCard(card);
    place.pin = "000000";
    while ((await ask("iVerifyPIN")).result !== -27011);
    place.pin = "123456";
    const [algorithm, address, , , , challenge = ""] = (await ask("iUnblockPIN_HSM_Step1", { cardInfo })).output.split("|");
    expect([algorithm, address]).toEqual(["03", "0090"]);
    expect((await ask("iUnblockPIN_HSM_Step2", { key: host.unblock(challenge) })).result).toBe(0);
    expect((await ask("iVerifyPIN")).result).toBe(0);

    const [, puk, , , , factor = "", raw = ""] = (await ask("iReloadPIN_HSM_Step1", { cardInfo })).output.split("|");
    const second = await ask("iReloadPIN_HSM_Step2", { key: host.proof("puk", factor, raw) });
    const [, stk, , , , newest = ""] = second.output.split("|");
    expect([puk, stk]).toEqual(["0090", "0173"]);
    expect((await ask("iReloadPIN_HSM_Step3", { key: host.reload(newest, "246810") })).result).toBe(0);
    place.pin = "246810";
    expect((await ask("iVerifyPIN")).result).toBe(0);
  });

  it("steps out of order and nonsense from the host", async () => {
    const { ask, cardInfo } = await libraryPlace({ card: { pin: "123456" } });
    expect((await ask("iReloadPIN_HSM_Step2", { key: "" })).result).toBe(-9005);
    await ask("iReloadPIN_HSM_Step1", { cardInfo });
    expect((await ask("iReloadPIN_HSM_Step3", { key: "" })).result).toBe(-9005);
    expect((await ask("iReloadPIN_HSM_Step2", { key: "00" })).result).toBe(-14);
    await ask("iUnblockPIN_HSM_Step1", { cardInfo });
    expect((await ask("iUnblockPIN_HSM_Step2", { key: "84240000040000000000|" })).result).toBe(-14);
  });

  it("without a host the services say so", async () => {
    const { ask, cardInfo } = await libraryPlace({ card: { pin: "123456" } });
    expect((await ask("iReloadPIN", { cardInfo })).result).toBe(-9004);
    expect((await ask("iUnblockPIN", { cardInfo: cardInfoOf(makeTestCard(openCipherSuite(), { serial: 77, balanceFen: 0, algorithm: "sm4" })) })).result).toBe(
      -22,
    );
  });
});

describe("iDoDebit", () => {
  const payInfo = "17.00|12.00+4.00|20260105121500|";

  it.each([
    ["is used on the line", { cardUse: "1" }],
    ["may not leave the line", { offlineAllowed: false }],
  ] as const)("of a card that %s is not supported, and takes nothing", async (_, flags) => {
    const { ask, cardInfo, card } = await libraryPlace({ card: { medicalPurse: { accountFen: 10_000, ...flags } } });
    expect((await ask("iDoDebit", { cardInfo, payInfo })).result).toBe(-13);
    expect(card.debits).toEqual([]);
  });

  it("is a sale of the terminal, and the record is read later", async () => {
    const { ask, cardInfo, place, card } = await libraryPlace();
    const { result, output } = await ask("iDoDebit", { cardInfo, payInfo });
    expect({ result, output }).toEqual({
      result: 0,
      output: expect.stringMatching(/^03\|017F\|000004B00000006400000190\|32\|990100000001\|00000001\|20260105\d{6}\|[0-9A-F]{8}\|$/),
    });
    expect(card.toSnapshot().memory.medicalPurse?.accountFen).toBe(8_800);
    const [, , , , terminal = "", , time = ""] = output.split("|");
    expect((await ask("iReadDebitRecord")).output).toBe(`1^32^${terminal}^${time}^12.00^1.00^4.00|`);
    expect((await place.entries()).map(({ state }) => state)).toEqual(["prepared", "done"]);
  });

  it("the same call is the same sale, without the card", async () => {
    const { ask, cardInfo, place, card } = await libraryPlace();
    const first = await ask("iDoDebit", { cardInfo, payInfo });
    place.reader.remove();
    expect(await ask("iDoDebit", { cardInfo, payInfo })).toEqual(first);
    expect(card.toSnapshot().memory.medicalPurse?.accountFen).toBe(8_800);
  });

  it.each([
    ["an amount that no card holds", { payInfo: "42949672.96|42949672.96|20260105121500|" }, -14],
    ["parts above the whole", { payInfo: "10.00|12.00+4.00|20260105121500|" }, -14],
    ["no time", { payInfo: "17.00|12.00|" }, -14],
    ["more than there is", { payInfo: "900.00|900.00|20260105121500|" }, -0x9401],
    ["another card", { cardInfo: "990100D1560000050000000254455354|T00000018|" }, -22],
  ] as const)("%s", async (_what, given, result) => {
    const { ask, cardInfo, card } = await libraryPlace();
    expect((await ask("iDoDebit", { cardInfo, payInfo, ...given })).result).toBe(result);
    expect(card.toSnapshot().memory.medicalPurse?.accountFen).toBe(10_000);
  });

  it("a card with its initial PIN pays nothing", async () => {
    const initialPin: InitialPinRule = { policy: "refuse-initial", evidence: () => "initial" };
    const { ask, cardInfo, card } = await libraryPlace({ card: { pin: "123456" }, saleInitialPin: initialPin });
    expect((await ask("iDoDebit", { cardInfo, payInfo })).result).toBe(-35);
    expect(card.toSnapshot().memory.medicalPurse?.accountFen).toBe(10_000);
  });

  it("no module", async () => {
    const { ask, cardInfo, place } = await libraryPlace({ psam: "none" });
    expect((await ask("iDoDebit", { cardInfo, payInfo })).result).toBe(-2201);
    expect(await place.entries()).toEqual([]);
  });

  it("a card that is put in the place of the one that was looked at pays nothing", async () => {
    const { ask, cardInfo, place, card } = await libraryPlace();
    const other = place.card({ algorithm: "sm4" });
    let looks = 0;
    place.plan(({ to, instruction }) => {
      if (to === "card" && instruction === 0xa4) looks += 1;
      // The first selection is the look, the second the sale's own.
      if (looks === 2 && place.reader.card === card) queueMicrotask(() => place.reader.swap(other));
      return { kind: "ok" };
    });
    expect((await ask("iDoDebit", { cardInfo, payInfo })).result).toBe(-22);
    expect(place.reader.card).toBe(other);
    expect([card, other].map((each) => each.toSnapshot().memory.medicalPurse?.accountFen)).toEqual([10_000, 10_000]);
  });

  it("a torn debit is not decided, and the same call finds out", async () => {
    const { ask, cardInfo, place, card } = await libraryPlace();
    place.tearDebit("after", "medical-purse");
    expect((await ask("iDoDebit", { cardInfo, payInfo })).result).toBe(-9002);
    place.reader.insert(card);
    expect((await ask("iDoDebit", { cardInfo, payInfo })).result).toBe(0);
    expect(card.toSnapshot().memory.medicalPurse?.accountFen).toBe(8_800);
  });
});
