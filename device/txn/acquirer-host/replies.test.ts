/* What a reply is worth: the echo fields one by one, and every code with every state of its MAC under both rules. */
import { describe, expect, it } from "vitest";
import { fen } from "../../base/fen.ts";
import type { IsoMessage, IsoValue } from "../../codec/iso8583/types.ts";
import type { AcquirerProfile } from "../acquiring/profile.ts";
import type { Business } from "./messages.ts";
import { checkReply, type MacState, macMatters, type ReplyVerdict } from "./replies.ts";
import { buildRequest } from "./request.ts";
import { RESPONSE_CODES } from "./response-codes.ts";
import { TEST_ACQUIRER } from "./testing.ts";

const VALUES = { trace: "000017", batch: "000003", amount: fen(1_250), account: "6222021234567890128", entry: "chip" } as const;
const SALE = buildRequest(TEST_ACQUIRER, "sale", VALUES);
const UPLOAD = buildRequest(TEST_ACQUIRER, "offline-upload", { ...VALUES, chipData: new Uint8Array(4), text: "CUP" });
const ALL: AcquirerProfile = { ...TEST_ACQUIRER, macAppliesTo: "all" };

const answer = (request: IsoMessage, code: string | undefined, changes: Readonly<Record<number, IsoValue | undefined>> = {}, type?: string): IsoMessage => {
  const fields = new Map(request.fields);
  if (code !== undefined) fields.set(39, code);
  for (const [field, value] of Object.entries(changes)) {
    if (value === undefined) fields.delete(Number(field));
    else fields.set(Number(field), value);
  }
  return { type: type ?? String(Number(request.type) + 10).padStart(4, "0"), fields };
};

const judge = (reply: IsoMessage, mac: MacState = "right", profile: AcquirerProfile = TEST_ACQUIRER): ReplyVerdict =>
  checkReply(profile, { business: "sale", request: SALE }, reply, mac);
const brief = (verdict: ReplyVerdict): string =>
  verdict.kind === "declined" || verdict.kind === "unknown" ? `${verdict.kind} ${verdict.reason}` : verdict.kind;

describe("echo fields", () => {
  it.each<[string, IsoMessage, string]>([
    ["nothing wrong", answer(SALE, "00"), "approved"],
    ["another type", answer(SALE, "00", {}, "0230"), "unknown reply-type-differs"],
    ["the request itself", answer(SALE, "00", {}, "0200"), "unknown reply-type-differs"],
    ["another processing code", answer(SALE, "00", { 3: "310000" }), "unknown reply-field-3-differs"],
    ["another trace number", answer(SALE, "00", { 11: "000018" }), "unknown reply-field-11-differs"],
    ["no trace number", answer(SALE, "00", { 11: undefined }), "unknown reply-field-11-differs"],
    ["another terminal", answer(SALE, "00", { 41: "00000002" }), "unknown reply-field-41-differs"],
    ["another merchant", answer(SALE, "00", { 42: "898530100000002" }), "unknown reply-field-42-differs"],
    ["another amount", answer(SALE, "00", { 4: "000000001249" }), "unknown reply-amount-differs"],
    ["no amount of an approval", answer(SALE, "00", { 4: undefined }), "unknown reply-amount-differs"],
    ["no amount of a refusal", answer(SALE, "51", { 4: undefined }), "declined funds-short"],
    ["another amount of a refusal", answer(SALE, "51", { 4: "000000001249" }), "unknown reply-amount-differs"],
    ["a refusal of somebody else's sale", answer(SALE, "51", { 11: "000018" }), "unknown reply-field-11-differs"],
    ["no response code", answer(SALE, undefined), "unknown reply-without-code"],
  ])("%s", (_, reply, expected) => expect(brief(judge(reply))).toBe(expected));

  it("say how much was approved", () => expect(judge(answer(SALE, "00"))).toEqual({ kind: "approved", responseCode: "00", amount: 1_250 }));

  it("are not missed where the request had none", () => {
    const request = buildRequest(TEST_ACQUIRER, "settlement", { trace: "000017", batch: "000003", rows: "0".repeat(62) });
    expect(checkReply(TEST_ACQUIRER, { business: "settlement", request }, answer(request, "00"), "right")).toEqual({ kind: "approved", responseCode: "00" });
  });
});

describe("a part of the amount", () => {
  it.each([
    ["000000001249", "partial"],
    ["000000000001", "partial"],
    ["000000000000", "unknown reply-amount-differs"],
    ["000000001250", "unknown reply-amount-differs"],
    ["000000001251", "unknown reply-amount-differs"],
    [undefined, "unknown reply-amount-differs"],
  ])("%s: %s", (amount, expected) => expect(brief(judge(answer(SALE, "10", { 4: amount })))).toBe(expected));

  it("is told, and needs a MAC like any approval", () => {
    const reply = answer(SALE, "10", { 4: "000000001000" });
    expect(judge(reply)).toEqual({ kind: "partial", responseCode: "10", amount: 1_000 });
    expect(brief(judge(reply, "absent"))).toBe("unknown reply-mac-absent");
  });
});

describe("MACs", () => {
  const CASES: readonly (readonly [code: string, mac: MacState, approvals: string, all: string])[] = [
    ["00", "right", "approved", "approved"],
    ["00", "wrong", "unknown reply-mac-wrong", "unknown reply-mac-wrong"],
    ["00", "absent", "unknown reply-mac-absent", "unknown reply-mac-absent"],
    ["00", "unchecked", "unknown reply-mac-absent", "unknown reply-mac-absent"],
    ["51", "right", "declined funds-short", "declined funds-short"],
    ["51", "wrong", "declined funds-short", "unknown reply-mac-wrong"],
    ["51", "absent", "declined funds-short", "unknown reply-mac-absent"],
    ["51", "unchecked", "declined funds-short", "unknown reply-mac-absent"],
    ["A0", "absent", "declined mac-wrong-at-host", "unknown reply-mac-absent"],
    // A code that nobody knows is a decline only with its MAC.
    ["Z9", "right", "declined code-unknown", "declined code-unknown"],
    ["Z9", "wrong", "unknown reply-mac-wrong", "unknown reply-mac-wrong"],
    ["Z9", "absent", "unknown reply-mac-absent", "unknown reply-mac-absent"],
    ["96", "right", "unknown host-broken", "unknown host-broken"],
    ["94", "right", "unknown sent-twice", "unknown sent-twice"],
    ["A2", "right", "unknown approved-otherwise", "unknown approved-otherwise"],
  ];

  it.each(CASES)("%s with a MAC that is %s: %s, and where all have one: %s", (code, mac, approvals, all) => {
    const reply = answer(SALE, code);
    expect([brief(judge(reply, mac)), brief(judge(reply, mac, ALL))]).toEqual([approvals, all]);
  });

  it("no approval is ever believed without one", () => {
    for (const code of [...RESPONSE_CODES.keys(), "Z9", "  "]) {
      for (const mac of ["wrong", "absent", "unchecked"] as const) {
        for (const profile of [TEST_ACQUIRER, ALL]) expect(judge(answer(SALE, code), mac, profile).kind).toMatch(/^(?:declined|unknown)$/);
      }
    }
  });

  it("tell the reversal why", () => {
    expect(judge(answer(SALE, "00"), "wrong")).toMatchObject({ cause: "A0", responseCode: "00" });
    expect(judge(answer(SALE, "00"), "absent")).toMatchObject({ cause: "06" });
  });

  it("matter for nothing that was said before there were keys", () => {
    const request = buildRequest(TEST_ACQUIRER, "sign-in", { trace: "000017", batch: "000003" });
    const reply = answer(request, "00");
    expect([macMatters(TEST_ACQUIRER, "sign-in", reply), macMatters(ALL, "sign-in", reply)]).toEqual([false, false]);
    expect(checkReply(ALL, { business: "sign-in", request }, reply, "unchecked").kind).toBe("approved");
  });

  it("are asked for only where something depends on them", () =>
    expect(["00", "10", "51", "96", "Z9", undefined].map((code) => macMatters(TEST_ACQUIRER, "sale", answer(SALE, code)))).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
    ]));
});

describe("keys that are not the host's any more", () => {
  it.each(["A0", "99", "77"])("%s: nothing was booked, and somebody must sign in", (code) =>
    expect(judge(answer(SALE, code), "unchecked")).toMatchObject({ kind: "declined", signIn: true }),
  );

  it("may be the reason why nothing can be believed: then a sign-in is asked for, and the outcome stays open", () => {
    expect(judge(answer(SALE, "A0"), "absent", ALL)).toMatchObject({ kind: "unknown", signIn: true });
    expect(judge(answer(SALE, "00"), "wrong")).toMatchObject({ kind: "unknown", signIn: true });
    expect(judge(answer(SALE, "00"), "absent")).not.toHaveProperty("signIn");
    expect(judge(answer(SALE, "51"), "absent", ALL)).not.toHaveProperty("signIn");
  });

  it("are not the reason of other refusals", () =>
    expect(judge(answer(SALE, "55"), "unchecked")).toMatchObject({ kind: "declined", signIn: false, reason: "pin-wrong" }));
});

describe("an upload that the host has already", () => {
  const taken = (
    code: string,
    how: { readonly sentBefore?: boolean; readonly mac?: MacState; readonly profile?: AcquirerProfile; readonly business?: Business },
  ) => {
    const { mac = "right", profile = TEST_ACQUIRER, business = "offline-upload", ...rest } = how;
    return brief(checkReply(profile, { business, request: UPLOAD, ...rest }, answer(UPLOAD, code), mac));
  };

  it("is taken when it was sent before, and only then", () =>
    expect([taken("94", { sentBefore: true }), taken("94", { sentBefore: false }), taken("94", {}), taken("00", {})]).toEqual([
      "approved",
      "unknown sent-twice",
      "unknown sent-twice",
      "approved",
    ]));

  it("needs a MAC as an approval does", () => {
    expect(taken("94", { sentBefore: true, mac: "absent" })).toBe("unknown reply-mac-absent");
    expect(macMatters(TEST_ACQUIRER, "offline-upload", answer(UPLOAD, "94"))).toBe(true);
  });

  it("is no other business", () => expect(taken("94", { sentBefore: true, business: "sale" })).toBe("unknown sent-twice"));

  it("is what the profile says", () => {
    const accepting = (...accepted: string[]): AcquirerProfile => ({ ...TEST_ACQUIRER, offlineUpload: { ...TEST_ACQUIRER.offlineUpload, accepted } });
    expect(taken("94", { sentBefore: true, profile: accepting("00") })).toBe("unknown sent-twice");
    expect(taken("25", { profile: accepting("00", "25") })).toBe("approved");
    expect(taken("25", { profile: accepting("00", "25"), mac: "absent" })).toBe("unknown reply-mac-absent");
  });
});

it("every code has a reason of its own form", () => {
  for (const { reason } of RESPONSE_CODES.values()) expect(reason).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
  for (const code of RESPONSE_CODES.keys()) expect(code).toMatch(/^[0-9A-Z]{2}$/);
});
