/*
 * Goal: whatever a host's reply suffers on its way, it is told as it is, or it is no answer; and no booking is believed without its identity.
 * Method: a sound reply of each message; every member of it is taken away, turned into something else, made too long, negative, deep, or
 * exchanged with another's; ten thousand of them, from a seed. An oracle of its own says what a believed booking must be.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../base/bytes.ts";
import { FSI_TABLES } from "../../codec/fsi-tables/check.ts";
import { type Answer, ask, type Question } from "./ask.ts";
import { converse, LIMITS, type SentMessage } from "./testing.ts";

const REPLIES = 10_000;
const SECRET = "530100P0001";
const AT = "2026-11-22 12:00:00";
const CREDENTIAL = { mdtrt_cert_type: "03", mdtrt_cert_no: "A1" };
const INSURED = { psn_no: SECRET, ...CREDENTIAL, insutype: "310", med_type: "11", medfee_sumamt: "57.00", acct_used_flag: "1" };
const LINE = {
  feedetl_sn: "1",
  rx_circ_flag: "0",
  fee_ocur_time: AT,
  med_list_codg: "X",
  medins_list_codg: "O",
  det_item_fee_sumamt: "57.00",
  cnt: "2",
  pric: "28.50",
};
const BASKET = { druginfo: { ...INSURED, begntime: AT, med_type: "41" }, drugdetail: [LINE] };
const NAMED = { data: { psn_no: SECRET, setl_id: "S1", mdtrt_id: "V1" } };
const PAYS = { data: { ...INSURED, psn_setlway: "01", mdtrt_id: "V1", chrg_bchno: "1" } };

const SETTLED = {
  setlinfo: {
    setl_id: "S1",
    mdtrt_id: "V1",
    psn_no: SECRET,
    medfee_sumamt: "57.00",
    fund_pay_sumamt: 20,
    acct_pay: "30.00",
    psn_cash_pay: "7.00",
    psn_part_amt: "37.00",
    inscp_scp_amt: "57.00",
    balc: 12.5,
    setl_time: AT,
    clr_type: "41",
  },
  setldetail: [{ fund_pay_type: "310100", fund_payamt: "20.00" }],
  detlcutinfo: [{ feedetl_sn: "1", selfpay_prop: "0.1000", chrgitm_lv: "01" }],
};
const QUERIED = { setlinfo: { ...NAMED.data, medfee_sumamt: "57.00", psn_pay: "37.00", cash_payamt: "7.00", refd_setl_flag: "0" } };

/** What is asked, and a sound output of it. */
const ASKED: Readonly<Record<string, readonly [input: Question["input"], output: object]>> = {
  "1101": [
    { data: CREDENTIAL },
    { baseinfo: { psn_no: SECRET, psn_name: "示例" }, insuinfo: [{ insutype: "310", psn_insu_stas: "1", insuplc_admdvs: "530102", balc: 1 }] },
  ],
  "2001": [
    { data: { psn_no: SECRET, insutype: "310", fixmedins_code: "P53010000001", med_type: "41", begntime: AT } },
    { trtinfo: [{ trt_enjymnt_flag: "1" }] },
  ],
  "2101": [BASKET, SETTLED],
  "2102": [BASKET, SETTLED],
  "2103": [NAMED, QUERIED],
  "2201": [
    {
      data: {
        psn_no: SECRET,
        insutype: "310",
        begntime: AT,
        ...CREDENTIAL,
        ipt_otp_no: "O1",
        atddr_no: "D",
        dr_name: "D",
        dept_code: "1",
        dept_name: "1",
        caty: "A01",
      },
    },
    { data: { mdtrt_id: "V1", psn_no: SECRET, ipt_otp_no: "O1" } },
  ],
  "2204": [
    {
      feedetail: [{ ...LINE, mdtrt_id: "V1", psn_no: SECRET, chrg_bchno: "1", bilg_dept_codg: "1", bilg_dept_name: "1", bilg_dr_codg: "1", bilg_dr_name: "1" }],
    },
    { result: [{ feedetl_sn: "1", det_item_fee_sumamt: "57.00" }] },
  ],
  "2206": [PAYS, SETTLED],
  "2207": [PAYS, SETTLED],
  "2208": [NAMED, QUERIED],
  "2501": [{ data: { psn_no: SECRET, insutype: "310", mdtrtarea_admdvs: "530102" } }, { refmedin: [{ mdtrtarea_admdvs: "530000", begndate: "2026-01-01" }] }],
  "3201": [
    {
      data: {
        insutype: "310",
        clr_type: "41",
        setl_optins: "530102",
        stmt_begndate: "2026-11-21",
        stmt_enddate: "2026-11-21",
        medfee_sumamt: "-1.00",
        fund_pay_sumamt: "0.00",
        acct_pay: "0.00",
        fixmedins_setl_cnt: "3",
      },
    },
    { stmtinfo: { setl_optins: "530102", stmt_rslt: "000000" } },
  ],
  "5203": [NAMED, QUERIED],
  "5204": [NAMED, { feedetail: [{ feedetl_sn: "1", cnt: 2, pric: "28.5" }] }],
  "5206": [{ data: { psn_no: SECRET, cum_ym: "202611" } }, { cuminfo: [{ cum_ym: "202611", cum_type_code: "01", cum: 1 }] }],
  "5301": [{ data: { psn_no: SECRET } }, { feedetail: [{ opsp_dise_code: "M1", begndate: "2026-01-01" }] }],
  "9001": [{ signIn: { opter_no: "o", mac: "m", ip: "0.0.0.0" } }, { signinoutb: { sign_no: "N1" } }],
  "9101": [{ fsUploadIn: { in: "UEsD", filename: "f", fixmedins_code: "P53010000001" } }, { file_qury_no: "F1", filename: "f" }],
  "9102": [{ fsDownloadIn: { file_qury_no: "F1", filename: "f", fixmedins_code: "P53010000001" } }, { fsDownloadOut: { filename: "f", out: "UEsD" } }],
};
const BOOKINGS: ReadonlySet<string> = new Set(["2102", "2207"]);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Holder = { [key: string]: Json };

/** Every place of a value, as the holder of a member and its name. */
function places(value: Json, found: { readonly holder: Holder; readonly name: string }[] = []): { readonly holder: Holder; readonly name: string }[] {
  if (typeof value !== "object" || value === null) return found;
  // A list is a holder by its indexes.
  const holder = value as Holder;
  for (const name of Object.keys(holder)) {
    found.push({ holder, name });
    places(holder[name] ?? null, found);
  }
  return found;
}

const deep = (levels: number): Json => (levels === 0 ? 1 : [deep(levels - 1)]);

/** One way of spoiling a member. `drawn` decides where a way has a choice. */
const WAYS: Readonly<Record<string, (place: { readonly holder: Holder; readonly name: string }, drawn: number, whole: Json) => void>> = {
  missing: ({ holder, name }) => {
    delete holder[name];
  },
  null: ({ holder, name }) => {
    holder[name] = null;
  },
  empty: ({ holder, name }) => {
    holder[name] = "";
  },
  "another kind": ({ holder, name }, drawn) => {
    holder[name] = [true, 7, {}, [], [[]], { a: 1 }, "text", 1e300, -1, 0.001][drawn % 10] ?? null;
  },
  "too long": ({ holder, name }) => {
    holder[name] = "9".repeat(5_000);
  },
  "another alphabet": ({ holder, name }, drawn) => {
    holder[name] = ["１２．００", "٣٤", "一百", "\u202e12.00", "12,00", "12.00元", "NaN", "1\u0000"][drawn % 8] ?? "";
  },
  negative: ({ holder, name }) => {
    holder[name] = "-57.00";
  },
  "a part of a fen": ({ holder, name }) => {
    holder[name] = "7.005";
  },
  deep: ({ holder, name }, drawn) => {
    holder[name] = deep(10 + (drawn % 30));
  },
  exchanged: ({ holder, name }, drawn, whole) => {
    const all = places(whole);
    const other = all[drawn % all.length];
    if (other === undefined) return;
    [holder[name], other.holder[other.name]] = [structuredClone(other.holder[other.name] ?? null), structuredClone(holder[name] ?? null)];
  },
  "another's": ({ holder, name }) => {
    holder[name] = "530100P9999";
  },
};

interface Spoiled {
  readonly infno: string;
  readonly way: string;
  readonly at: number;
  readonly drawn: number;
  readonly asText: boolean;
}

/** The reply's bytes, spoiled in the envelope or in the output. */
function spoil({ infno, way, at, drawn, asText }: Spoiled, message: SentMessage): Uint8Array {
  const [, output] = ASKED[infno] ?? [{}, {}];
  const named = structuredClone(output) as Holder;
  const info = named["setlinfo"];
  if (BOOKINGS.has(infno) && typeof info === "object" && info !== null && !Array.isArray(info)) info["medins_setl_id"] = message.msgid;
  const envelope: Holder = { infcode: 0, inf_refmsgid: "5301002026112212000000000001", respond_time: "20261122120000000", err_msg: "", output: named };
  const all = places(envelope);
  const place = all[at % all.length];
  if (place !== undefined) WAYS[way]?.(place, drawn, envelope);
  return utf8(JSON.stringify(asText ? { ...envelope, output: JSON.stringify(envelope["output"] ?? null) } : envelope));
}

const AMOUNT = /^\d{1,14}(?:\.\d{1,2}0*)?$/;
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** What a booking that is believed must be, said without the field tables. */
function isBooking(answer: Answer & { readonly kind: "done" }, message: SentMessage): boolean {
  const { setlinfo } = answer.output;
  if (typeof setlinfo !== "object" || setlinfo === null || Array.isArray(setlinfo)) return false;
  const info = setlinfo as Readonly<Record<string, unknown>>;
  const names = ["setl_id", "mdtrt_id"].every((name) => text(info[name]) !== "" && text(info[name]).length <= 30);
  const amounts = ["medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay"].every((name) => AMOUNT.test(text(info[name])));
  const sender = text(info["medins_setl_id"]);
  const person = text(info["psn_no"]);
  const visit = message.infno === "2207" ? text(info["mdtrt_id"]) === "V1" : true;
  return names && amounts && visit && (sender === "" || sender === message.msgid) && (person === "" || person === SECRET);
}

const spoiled: fc.Arbitrary<Spoiled> = fc.record({
  infno: fc.constantFrom(...Object.keys(ASKED)),
  way: fc.constantFrom(...Object.keys(WAYS)),
  at: fc.nat(1_000),
  drawn: fc.nat(1_000),
  asText: fc.boolean(),
});

async function exchanged(how: Spoiled) {
  const { ports, sent, logged } = await converse((message) => spoil(how, message));
  const [input] = ASKED[how.infno] ?? [{}];
  const answer = await ask(ports, { infno: how.infno, input, insuranceArea: "530102" }, LIMITS);
  const [message] = sent;
  if (message === undefined) throw new Error("the question is sound");
  return { answer, message, logged };
}

describe("replies that were spoiled", () => {
  it("stand for every message whose answer anybody reads", () => {
    // Those that are left out answer with nothing that is read, or are read by whoever asks for them.
    const silent = ["1301", "1312", "1318", "1319", "2202", "2203", "2203A", "2205", "2601", "3202", "3505", "3505A", "3506", "9002"];
    expect([...Object.keys(ASKED), ...silent].sort()).toEqual(Object.keys(FSI_TABLES).sort());
  });

  it.each(Object.keys(ASKED))("%s: the sound reply is believed", async (infno) => {
    const { answer, message } = await exchanged({ infno, way: "none", at: 0, drawn: 0, asText: false });
    expect(answer.kind).toBe("done");
    if (BOOKINGS.has(infno) && answer.kind === "done") expect(isBooking(answer, message)).toBe(true);
  });

  it(`${REPLIES} of them: told as they are or not believed; no throw, no booking without identity, nobody named`, { timeout: 120_000 }, async () => {
    const kinds = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(spoiled, async (how) => {
        const { answer, message, logged } = await exchanged(how);
        kinds.set(answer.kind, (kinds.get(answer.kind) ?? 0) + 1);
        if (answer.kind === "undecided") expect(["reply-undecided", "reply-incomplete"]).toContain(answer.reason);
        if (answer.kind === "undecided") expect(logged.join()).toMatch(/host-reply-(?:undecided|incomplete|foreign)/);
        // A refusal is the host's own code, never a guess.
        if (answer.kind === "refused") expect(answer.code).toMatch(/^-?\d+$/);
        if (answer.kind === "done" && BOOKINGS.has(how.infno)) expect(isBooking(answer, message)).toBe(true);
        expect(logged.join()).not.toContain("530100P");
      }),
      { numRuns: REPLIES, seed: 20_261_122 },
    );
    // The test would show nothing if all were believed, or none.
    expect(Math.min(kinds.get("done") ?? 0, kinds.get("undecided") ?? 0)).toBeGreaterThan(REPLIES / 10);
  });

  it("every needed member of a booking, spoiled in every way, leaves the outcome open or changes nothing that is needed", async () => {
    const needed = ["setl_id", "mdtrt_id", "medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay"];
    for (const infno of BOOKINGS) {
      for (const way of ["missing", "null", "empty", "too long", "deep"]) {
        for (const name of needed) {
          const at = places({ infcode: 0, inf_refmsgid: "", respond_time: "", err_msg: "", output: structuredClone(SETTLED) as Json }).findIndex(
            (place) => place.name === name,
          );
          const { answer } = await exchanged({ infno, way, at, drawn: 3, asText: false });
          expect([infno, way, name, answer.kind]).toEqual([infno, way, name, "undecided"]);
        }
      }
    }
  });

  it("bytes that are no reply at all are no answer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const { ports } = await converse(() => bytes);
        const [input] = ASKED["2102"] ?? [{}];
        expect([toHex(bytes), (await ask(ports, { infno: "2102", input, insuranceArea: "530102" }, LIMITS)).kind]).toEqual([toHex(bytes), "undecided"]);
      }),
      { numRuns: 1_000 },
    );
  });
});
