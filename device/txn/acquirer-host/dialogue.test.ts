/*
 * Goal: terminal and acquirer understand each other: two codecs, two key rings and two MACs that were written apart.
 * Method: requests of the table, sealed by a pad, go to the simulated acquirer; what it says, and what its faults make of it, is judged.
 */
import { describe, expect, it } from "vitest";
import { TEST_PIN_KEY_HEX } from "../../../simulators/crypto/test-keys.ts";
import { openAcquirer } from "../../../simulators/host/acquirer/acquirer.ts";
import { ACQUIRER_FAULTS, type AcquirerFaultName } from "../../../simulators/host/acquirer/acquirer-faults.ts";
import { AcquirerLedger } from "../../../simulators/host/acquirer/ledger.ts";
import { TEST_BANK_MERCHANT, TEST_BANK_PIN, TEST_BANK_TERMINAL, testContract, testPan } from "../../../simulators/host/acquirer/test-customers.ts";
import { ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { SimulatedKeyPad } from "../../../simulators/pinpad/key-pad.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import type { Bytes } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { buildTotals, NO_TOTALS, parseTotals } from "../../codec/iso8583/private-fields.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { AcquirerProfile, KeyScheme, MacMethod } from "../acquiring/profile.ts";
import type { Business } from "./messages.ts";
import { keyAlgorithm, openPadBankKeys } from "./pad-keys.ts";
import type { Asked } from "./replies.ts";
import { buildRequest, buildReversal, type RequestValues } from "./request.ts";
import { bodyOf, type JudgedReply, judgeReply } from "./seal.ts";
import { TEST_ACQUIRER } from "./testing.ts";
import { parseWorkingKeys } from "./working-keys.ts";

const PAN = testPan(1);
const LIMITS = { timeoutMs: 30_000, signal: new AbortController().signal };
const suite = openCipherSuite();

interface Terms {
  readonly keyScheme?: KeyScheme;
  readonly macMethod?: MacMethod;
  readonly keyFrontHex?: string;
}

/** A terminal's side made of nothing but this folder, and the bank's side. */
function makeWorld({ keyScheme = "tdes-40", macMethod = "ecb", keyFrontHex = "" }: Terms = {}) {
  const clock = new VirtualClock(1_790_049_600_000);
  const ledger = AcquirerLedger.open(":memory:");
  const sm4 = keyScheme === "sm4" ? ({ network: "105", order: ["mac", "pin", "track"], checkBytes: 8, fill: 2 } as const) : undefined;
  const contract = testContract({ keyLayout: keyScheme, macForm: macMethod, keyFrontHex, ...(sm4 === undefined ? {} : { sm4 }) });
  const acquirer = openAcquirer({ clock, suite, randomness: new SeededRandomness("dialogue"), ledger, contracts: [contract] });
  const profile: AcquirerProfile = {
    ...TEST_ACQUIRER,
    terminalNumber: TEST_BANK_TERMINAL,
    merchantNumber: TEST_BANK_MERCHANT,
    keyScheme,
    macMethod,
    keyOffset: keyFrontHex.length / 2,
    checkValueBytes: keyScheme === "triple-19-57" ? 3 : 4,
    ...(sm4 === undefined
      ? {}
      : {
          pinBlockBytes: 16,
          checkValueBytes: 8,
          sm4Keys: { network: sm4.network, keys: sm4.order.map((which) => ({ which, zeros: sm4.fill, checkBytes: sm4.checkBytes })) },
        }),
  };
  const holder = new ScriptedHolder([{ kind: "enters", digits: TEST_BANK_PIN }]);
  const pad = new SimulatedKeyPad({ clock, suite, holder, masterKeyHex: TEST_PIN_KEY_HEX, algorithm: keyAlgorithm(profile) });
  const opening = openPadBankKeys(pad, { pinKey: { master: 0, work: 0 }, pinDigits: profile.pinDigits, algorithm: keyAlgorithm(profile) });
  if (!opening.ok) throw new Error(opening.reason);
  const { keys } = opening;
  let [trace, batch] = [0, "000001"];
  const seal = { profile, keys };

  const send = async (asked: Asked): Promise<JudgedReply | undefined> => {
    const body: Bytes = await bodyOf(seal, asked, LIMITS);
    const reply = await clock.resolve(acquirer.exchange(body));
    return reply === undefined ? undefined : judgeReply(seal, asked, reply, LIMITS);
  };
  const next = (): Pick<RequestValues, "trace" | "batch"> => {
    trace += 1;
    return { trace: String(trace).padStart(6, "0"), batch };
  };
  const ask = async (business: Exclude<Business, "reversal">, values: Partial<RequestValues> = {}) => {
    const request = buildRequest(profile, business, { ...next(), ...values });
    return { request, judged: await send({ business, request }) };
  };
  const signIn = async () => {
    const { judged } = await ask("sign-in");
    const field62 = judged?.message?.fields.get(62);
    if (!(field62 instanceof Uint8Array)) throw new Error("a sign-in brings keys");
    batch = String(judged?.message?.fields.get(60)).slice(2, 8);
    const parsed = parseWorkingKeys(profile, field62);
    return parsed.ok ? keys.load(parsed.keys, LIMITS) : parsed;
  };
  const sale = async (amountFen = 12_500, extra: Partial<RequestValues> = {}) => {
    const pin = await clock.resolve(keys.pinBlock(PAN, LIMITS));
    const block = pin.kind === "entered" ? { pinBlock: pin.block } : {};
    return ask("sale", { account: PAN, amount: fen(amountFen), entry: "chip", ...block, ...extra });
  };
  const plan = (of: string, fault: AcquirerFaultName) => acquirer.faults.planned.push({ of, fault: ACQUIRER_FAULTS[fault] });
  return { ledger, profile, ask, send, signIn, sale, plan, next, balanceFen: () => ledger.account(PAN)?.balanceFen ?? -1 };
}

const field = (judged: JudgedReply | undefined, number: number) => judged?.message?.fields.get(number);
const brief = (judged: JudgedReply | undefined) => {
  const verdict = judged?.verdict;
  if (verdict === undefined) return "silence";
  return verdict.kind === "declined" || verdict.kind === "unknown" ? `${verdict.kind} ${verdict.reason}` : verdict.kind;
};

describe("keys, PIN and MAC", () => {
  const SCHEMES: readonly KeyScheme[] = ["des-24", "tdes-40", "tdes-track-60", "triple-19-57"];
  it.each(SCHEMES.flatMap((scheme) => (["ecb", "x9.19"] as const).map((method) => [scheme, method] as const)))(
    "of %s with %s",
    async (keyScheme, macMethod) => {
      const { signIn, sale, balanceFen } = makeWorld({ keyScheme, macMethod });
      expect(await signIn()).toEqual({ kind: "loaded" });
      const before = balanceFen();
      const { judged } = await sale();
      expect(judged?.verdict).toEqual({ kind: "approved", responseCode: "00", amount: 12_500 });
      expect([before - balanceFen(), String(field(judged, 37))]).toEqual([12_500, expect.stringMatching(/^.{12}$/)]);
    },
  );

  it("of SM4 as this acquirer has told, with a PIN block of sixteen bytes", async () => {
    const { signIn, sale, balanceFen } = makeWorld({ keyScheme: "sm4", macMethod: "sm4", keyFrontHex: "a1a2" });
    expect(await signIn()).toEqual({ kind: "loaded" });
    const before = balanceFen();
    const { judged, request } = await sale();
    expect(request.fields.get(52)).toHaveLength(16);
    expect([judged?.verdict, before - balanceFen()]).toEqual([{ kind: "approved", responseCode: "00", amount: 12_500 }, 12_500]);
    expect(brief((await sale(12_500, { pinBlock: new Uint8Array(16) })).judged)).toMatch(/^declined /);
  });

  it("of SM4 that were spoiled on their way are not loaded", async () => {
    const { signIn, plan } = makeWorld({ keyScheme: "sm4", macMethod: "sm4" });
    plan("0800", "wrong-keys");
    expect(await signIn()).toMatchObject({ kind: "refused" });
  });

  it("behind what a region puts in front", async () => {
    const { signIn, sale } = makeWorld({ keyFrontHex: "a1a2a3" });
    expect(await signIn()).toEqual({ kind: "loaded" });
    expect(brief((await sale()).judged)).toBe("approved");
  });

  it("of a wrong PIN", async () => {
    const { signIn, sale } = makeWorld();
    await signIn();
    expect(brief((await sale(12_500, { pinBlock: new Uint8Array(8) })).judged)).toMatch(/^declined /);
  });

  it("that were spoiled on their way are not loaded", async () => {
    const { signIn, plan } = makeWorld();
    plan("0800", "wrong-keys");
    expect(await signIn()).toMatchObject({ kind: "refused" });
  });
});

describe("what goes wrong with a reply", () => {
  it.each<[AcquirerFaultName, string, boolean]>([
    ["request-lost", "silence", false],
    ["reply-lost", "silence", true],
    ["half-reply", "unknown", true],
    ["unreadable-reply", "unknown", true],
    ["wrong-type", "unknown reply-type-differs", true],
    ["wrong-mac", "unknown reply-mac-wrong", true],
    ["missing-mac", "unknown reply-mac-absent", true],
    ["wrong-amount", "unknown reply-amount-differs", true],
    ["wrong-stan", "unknown reply-field-11-differs", true],
    ["wrong-terminal", "unknown reply-field-41-differs", true],
    ["wrong-merchant", "unknown reply-field-42-differs", true],
    ["wrong-processing", "unknown reply-field-3-differs", true],
    ["partial", "partial", true],
    ["decline", "declined not-honoured", false],
    ["mac-refused", "declined mac-wrong-at-host", false],
    ["duplicate-claimed", "unknown sent-twice", false],
  ])("%s: %s", async (fault, expected, booked) => {
    const { signIn, sale, plan, balanceFen } = makeWorld();
    await signIn();
    const before = balanceFen();
    plan("0200", fault);
    const { judged } = await sale();
    expect(brief(judged).startsWith(expected)).toBe(true);
    expect(balanceFen() < before).toBe(booked);
  });

  it("an earlier reply is none to this request", async () => {
    const { signIn, sale, plan } = makeWorld();
    await signIn();
    await sale();
    plan("0200", "previous-reply");
    expect(brief((await sale()).judged)).toBe("unknown reply-field-11-differs");
  });

  it("is made good by a reversal, and by one that is sent again", async () => {
    const { signIn, sale, send, plan, profile, balanceFen } = makeWorld();
    await signIn();
    const before = balanceFen();
    plan("0200", "reply-lost");
    const { request } = await sale();
    expect(balanceFen()).toBe(before - 12_500);
    const reversal: IsoMessage = buildReversal(profile, request, { reason: "98", date: "0922" });
    for (let times = 0; times < 2; times += 1) {
      expect(brief(await send({ business: "reversal", request: reversal }))).toBe("approved");
      expect(balanceFen()).toBe(before);
    }
  });
});

describe("the other businesses", () => {
  it("balance, void, refund and withdrawal", async () => {
    const { signIn, sale, ask, balanceFen } = makeWorld();
    await signIn();
    const before = balanceFen();
    const card = { account: PAN, entry: "chip" } as const;
    const first = await sale(1_000);
    const second = await sale(2_000);
    const back = ({ request, judged }: typeof first) => ({
      ...card,
      retrievalReference: String(field(judged, 37)),
      original: { batch: String(request.fields.get(60)).slice(2, 8), trace: String(request.fields.get(11)), date: "0922" },
    });
    const pinBlock = first.request.fields.get(52) as Uint8Array;
    expect(brief((await ask("void", { ...back(first), amount: fen(1_000), pinBlock })).judged)).toBe("approved");
    expect(brief((await ask("refund", { ...back(second), amount: fen(500) })).judged)).toBe("approved");
    expect(before - balanceFen()).toBe(1_500);
    expect(brief((await ask("withdrawal", { ...card, amount: fen(300), pinBlock })).judged)).toBe("approved");
    const { judged } = await ask("balance", { ...card, pinBlock });
    expect([brief(judged), String(field(judged, 54))]).toEqual(["approved", expect.stringContaining(String(balanceFen()))]);
  });

  it("settlement: the acquirer's word on the totals stands where it belongs", async () => {
    const { signIn, sale, ask } = makeWorld();
    await signIn();
    await sale(1_000);
    const totals = (debitFen: number) => buildTotals({ domestic: { ...NO_TOTALS, debitFen: fen(debitFen), debits: 1 }, foreign: NO_TOTALS });
    const { judged } = await ask("settlement", { rows: totals(999) });
    expect(brief(judged)).toBe("approved");
    expect(parseTotals(String(field(judged, 48)))).toMatchObject({ domestic: "unequal" });
  });

  it.each(["parameters-query", "parameters", "ca-keys-query", "aid-parameters-query", "exception-list", "sign-off"] as const)("%s", async (business) => {
    const { signIn, ask } = makeWorld();
    await signIn();
    expect(brief((await ask(business)).judged)).toBe("approved");
  });
});
