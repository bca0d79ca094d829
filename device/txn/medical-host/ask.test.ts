import { describe, expect, it } from "vitest";
import { utf8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { ask, type Question, REQUEST_MALFORMED, signIn, signOut } from "./ask.ts";
import { converse, LIMITS, type SentMessage } from "./testing.ts";

const PERSON = "530100P0001";
const VOID: Question = { infno: "2103", insuranceArea: "530102", input: { data: { psn_no: PERSON, setl_id: "S1", mdtrt_id: "V1" } } };
const LINE = {
  feedetl_sn: "1",
  rx_circ_flag: "0",
  fee_ocur_time: "2026-11-22 12:00:00",
  med_list_codg: "X",
  medins_list_codg: "O",
  det_item_fee_sumamt: "57.00",
  cnt: "2",
  pric: "28.50",
};
const BASKET: Question = {
  infno: "2102",
  insuranceArea: "530102",
  input: {
    druginfo: {
      psn_no: PERSON,
      mdtrt_cert_type: "03",
      mdtrt_cert_no: "A1",
      begntime: "2026-11-22 12:00:00",
      medfee_sumamt: "57.00",
      insutype: "310",
      acct_used_flag: "1",
      med_type: "41",
    },
    drugdetail: [LINE],
  },
};
const settled = (change: object = {}) => ({
  setlinfo: { setl_id: "S1", mdtrt_id: "V1", psn_no: PERSON, medfee_sumamt: 57, fund_pay_sumamt: 20, acct_pay: 30, psn_cash_pay: 7, ...change },
});
const withCode = (infcode: unknown, more: object = {}) => utf8(JSON.stringify({ infcode, err_msg: "no", ...more }));

describe("a message that breaks its table", () => {
  it.each<[string, Question, string]>([
    ["lacks a member", { ...VOID, input: { data: { psn_no: PERSON, setl_id: "", mdtrt_id: "V1" } } }, "data.setl_id: missing"],
    ["names a person without saying where he is insured", { infno: VOID.infno, input: VOID.input }, "insuplc_admdvs: missing"],
    ["names no area", { ...VOID, insuranceArea: "5301" }, "insuplc_admdvs: not an area"],
    ["names a receiver of no length", { ...VOID, receiver: "" }, "recer_sys_code: missing or longer than 10"],
    ["has no table", { ...VOID, infno: "9999" }, "infno: no table"],
    [
      "is too long to be sent",
      { ...BASKET, input: { ...BASKET.input, drugdetail: Array.from({ length: 200 }, () => ({ ...LINE, sin_dos_dscr: "x".repeat(200) })) } },
      "input: too long",
    ],
  ])("is never sent: it %s", async (_, question, problem) => {
    const { ports, sent, logged } = await converse(settled);
    expect(await ask(ports, question, LIMITS)).toEqual({ kind: "refused", code: REQUEST_MALFORMED, message: `${REQUEST_MALFORMED}: ${problem}` });
    expect(sent).toEqual([]);
    expect(logged.join()).not.toContain(PERSON);
  });

  it("may carry what the region's data adds, and nothing else", async () => {
    const question: Question = { ...BASKET, input: { ...BASKET.input, druginfo: { ...(BASKET.input["druginfo"] as object), card_sn: "1" } } };
    const plain = await converse(() => settled());
    expect(await ask(plain.ports, question, LIMITS)).toMatchObject({ kind: "refused", message: "request-malformed: druginfo.card_sn: unknown" });
    const added = await converse(() => settled(), { druginfoExtras: ["card_sn"] });
    expect(await ask(added.ports, question, LIMITS)).toMatchObject({ kind: "done" });
    const short = await converse(() => settled(), { fieldLengths: { mdtrt_cert_no: 1 } });
    expect(await ask(short.ports, BASKET, LIMITS)).toMatchObject({ kind: "refused", message: "request-malformed: druginfo.mdtrt_cert_no: longer than 1" });
  });

  it("goes to the receiver that it names", async () => {
    const { ports, sent } = await converse(() => settled());
    await ask(ports, { ...BASKET, receiver: "GSXT" }, LIMITS);
    await ask(ports, BASKET, LIMITS);
    expect(sent.map(({ recer_sys_code }) => recer_sys_code)).toEqual(["GSXT", "FSI"]);
  });
});

describe("an answer is believed only when it is whole and about what was asked", () => {
  it.each<[string, Question, unknown, object]>([
    ["whole", BASKET, settled(), { kind: "done" }],
    ["whole, of one who repeats the number", BASKET, (message: SentMessage) => settled({ medins_setl_id: message.msgid }), { kind: "done" }],
    ["without the settlement's number", BASKET, settled({ setl_id: "" }), { kind: "undecided", reason: "reply-incomplete" }],
    ["without an amount", BASKET, settled({ acct_pay: null }), { kind: "undecided", reason: "reply-incomplete" }],
    ["without anything", BASKET, {}, { kind: "undecided", reason: "reply-incomplete" }],
    ["of another message", BASKET, settled({ medins_setl_id: "P53010000001202611221200001999" }), { kind: "undecided", reason: "reply-undecided" }],
    ["about another person", BASKET, settled({ psn_no: "530100P0002" }), { kind: "undecided", reason: "reply-undecided" }],
    ["a void of another visit", VOID, { setlinfo: { mdtrt_id: "V2" } }, { kind: "undecided", reason: "reply-undecided" }],
    ["a void that gives its own number", VOID, { setlinfo: { setl_id: "S2", psn_no: PERSON, mdtrt_id: "V1" } }, { kind: "done" }],
    ["a void that says nothing", VOID, {}, { kind: "done" }],
    ["a query's of another settlement", { ...VOID, infno: "5203" }, settled({ setl_id: "S9" }), { kind: "undecided", reason: "reply-undecided" }],
    ["malformed where nobody needs it", BASKET, settled({ balc: "much" }), { kind: "done" }],
  ])("%s", async (_, question, say, answer) => {
    const { ports, logged } = await converse((message) => (typeof say === "function" ? (say as (message: SentMessage) => unknown)(message) : say));
    expect(await ask(ports, question, LIMITS)).toMatchObject(answer);
    expect(logged.join()).not.toContain("530100P");
  });

  it("of a person who was asked for by another resident number is not about him", async () => {
    const answer = (certno: string) => ({ baseinfo: { psn_no: PERSON, certno } });
    const question: Question = { infno: "1101", input: { data: { mdtrt_cert_type: "02", mdtrt_cert_no: "53010219900101123x" } } };
    const said = async (certno: string) => (await ask((await converse(() => answer(certno))).ports, question, LIMITS)).kind;
    expect([await said("53010219900101123X"), await said("530102********123X"), await said("530102199001011240")]).toEqual(["done", "done", "undecided"]);
  });

  it("of fees must be about the lines that were sent", async () => {
    const row = { ...LINE, mdtrt_id: "V1", psn_no: PERSON, chrg_bchno: "1", bilg_dept_codg: "1", bilg_dept_name: "1", bilg_dr_codg: "1", bilg_dr_name: "1" };
    const question: Question = { infno: "2204", insuranceArea: "530102", input: { feedetail: [row] } };
    const said = async (feedetl_sn: string) => (await ask((await converse(() => ({ result: [{ feedetl_sn }] }))).ports, question, LIMITS)).kind;
    expect([await said("1"), await said("2")]).toEqual(["done", "undecided"]);
  });

  it("may fill medins_setl_id with something else where the region says so", async () => {
    const { ports } = await converse(() => settled({ medins_setl_id: "own" }), { repliesNameTheirMessage: false });
    expect(await ask(ports, BASKET, LIMITS)).toMatchObject({ kind: "done" });
  });
});

describe("codes of an answer", () => {
  it.each<[unknown, string, string]>([
    [-2, "refused", "refused"],
    [1, "refused", "undecided"],
    [-3, "refused", "undecided"],
    [-1, "undecided", "undecided"],
    ["", "undecided", "undecided"],
  ])("%s reads as %s where any code refuses, and as %s where only -2 does", async (code, any, strict) => {
    const kind = async (refusalCodes: "any" | "-2") => (await ask((await converse(() => withCode(code), { refusalCodes })).ports, VOID, LIMITS)).kind;
    expect([await kind("any"), await kind("-2")]).toEqual([any, strict]);
  });

  it("what never left and what never came are told apart", async () => {
    const gone = await converse(() => ({ kind: "not-sent", reason: "link-down" }));
    const silent = await converse(() => ({ kind: "unknown", reason: "timeout" }));
    expect(await ask(gone.ports, VOID, LIMITS)).toEqual({ kind: "not-sent" });
    expect(await ask(silent.ports, VOID, LIMITS)).toEqual({ kind: "undecided", reason: "timeout" });
  });
});

describe("the day's sign-in", () => {
  it("is drawn once, goes along with every message, and ends", async () => {
    const { ports, sent } = await converse(({ infno }) => (infno === "9001" ? { signinoutb: { sign_no: "N1" } } : {}));
    expect([await signIn(ports, LIMITS), await signIn(ports, LIMITS)]).toEqual([undefined, undefined]);
    await ask(ports, VOID, LIMITS);
    expect([await signOut(ports, LIMITS), await signOut(ports, LIMITS)]).toEqual([undefined, undefined]);
    expect(sent.map(({ infno, sign_no }) => [infno, sign_no])).toEqual([
      ["9001", ""],
      ["2103", "N1"],
      ["9002", "N1"],
    ]);
    expect(ports.signIns.number).toBeUndefined();
  });

  it("is drawn once by lanes that begin together, and by the next one where that was in vain", async () => {
    const tried: string[] = [];
    const { ports, sent } = await converse(({ infno }) => {
      tried.push(infno);
      return tried.length === 1 ? { kind: "unknown", reason: "timeout" } : { signinoutb: { sign_no: "N1" } };
    });
    const lanes = await Promise.all(Array.from({ length: 50 }, () => signIn(ports, LIMITS)));
    expect(lanes).toEqual([{ kind: "undecided", reason: "timeout" }, ...Array.from({ length: 49 }, () => undefined)]);
    expect(sent.map(({ infno }) => infno)).toEqual(["9001", "9001"]);
  });

  it("of another lane is waited for no longer than one's own time, and given up at once", async () => {
    const answer = Promise.withResolvers<object>();
    const { ports, clock } = await converse(() => answer.promise);
    const first = signIn(ports, LIMITS);
    const given = new AbortController();
    const late = signIn(ports, { ...LIMITS, timeoutMs: 100 });
    const gone = signIn(ports, { ...LIMITS, signal: given.signal });
    given.abort();
    expect(await gone).toEqual({ kind: "not-sent" });
    await clock.runUntil(clock.monotonicMs() + 100);
    expect(await late).toEqual({ kind: "not-sent" });
    answer.resolve({ signinoutb: { sign_no: "N1" } });
    expect(await first).toBeUndefined();
  });

  it("that the journal breaks is broken for its lane alone", async () => {
    const { ports } = await converse(() => ({ signinoutb: { sign_no: "N1" } }));
    const { journal } = ports;
    const broken = { setMarks: () => Promise.reject(new Fault("store-broken", "planted", { effectUnknown: true })) };
    const first = signIn({ ...ports, journal: { ...journal, ...broken } }, LIMITS);
    const second = signIn(ports, LIMITS);
    await expect(first).rejects.toThrow("planted");
    expect(await second).toBeUndefined();
  });

  it("that gives no number is none", async () => {
    const { ports } = await converse(() => ({ signinoutb: {} }));
    expect(await signIn(ports, LIMITS)).toEqual({ kind: "undecided", reason: "reply-incomplete" });
  });

  it("is forgotten although the host does not answer its end", async () => {
    const { ports } = await converse(({ infno }) => (infno === "9001" ? { signinoutb: { sign_no: "N1" } } : { kind: "unknown", reason: "timeout" }));
    await signIn(ports, LIMITS);
    expect(await signOut(ports, LIMITS)).toEqual({ kind: "undecided", reason: "timeout" });
    expect(ports.signIns.number).toBeUndefined();
  });
});
