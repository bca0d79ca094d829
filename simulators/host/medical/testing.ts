/* A pharmacy counter made by hand for the insurer's own tests: builds messages and reads replies, and takes nothing from the device. */
import { strFromU8, unzipSync, zipSync } from "fflate";
import { type Bytes, utf8 } from "../../../device/base/bytes.ts";
import { SeededRandomness } from "../../world/seeded-randomness.ts";
import { VirtualClock } from "../../world/virtual-clock.ts";
import { type Insurer, type InsurerOptions, openInsurer } from "./insurer.ts";
import { InsurerLedger } from "./insurer-ledger.ts";

export type Node = Record<string, unknown>;

export const NOON_MS = 1_790_049_600_000;
export const INSTITUTION = "P53010200001";
export const PERSON = "53010000000000000001";
export const RICH_PERSON = "53010000000000000002";

export interface Reply {
  readonly infcode: unknown;
  readonly err_msg: string;
  readonly output: Record<string, Node>;
}

/** One line of a basket: code, count, price, amount. */
export type Line = readonly [code: string, count: string, price: string, amount: string];

/** The basket of the worked example. */
export const VECTOR_A: readonly Line[] = [
  ["XTEST0000000000000A1", "2", "28.50", "57.00"],
  ["XTEST0000000000000B1", "1", "68.00", "68.00"],
  ["XTEST0000000000000C1", "1", "39.90", "39.90"],
];

export function drugdetail(lines: readonly Line[]): Node[] {
  return lines.map(([code, count, price, amount], at) => ({
    feedetl_sn: `D${at + 1}`,
    fee_ocur_time: "2026-09-22 12:00:00",
    med_list_codg: code,
    medins_list_codg: `SHOP${at + 1}`,
    det_item_fee_sumamt: amount,
    cnt: count,
    pric: price,
  }));
}

export class Counter {
  readonly clock = new VirtualClock(NOON_MS);
  readonly ledger = InsurerLedger.open(":memory:");
  readonly insurer: Insurer;
  signNumber = "";
  #serial = 0;

  constructor(options: Partial<InsurerOptions> = {}) {
    this.insurer = openInsurer({ clock: this.clock, ledger: this.ledger, randomness: new SeededRandomness("insurer"), ...options });
  }

  msgid(): string {
    this.#serial += 1;
    return `${INSTITUTION}20260922120000${String(this.#serial).padStart(4, "0")}`;
  }

  message(infno: string, input: Node, members: Node = {}): Bytes {
    return utf8(
      JSON.stringify({
        infno,
        msgid: this.msgid(),
        mdtrtarea_admvs: "530102",
        insuplc_admdvs: "530102",
        recer_sys_code: "FSI",
        dev_no: "",
        infver: "V1.0",
        opter_type: "1",
        opter: "op1",
        opter_name: "收银员",
        inf_time: "2026-09-22 12:00:00",
        fixmedins_code: INSTITUTION,
        fixmedins_name: "测试药店",
        sign_no: this.signNumber,
        input,
        ...members,
      }),
    );
  }

  /** The raw reply, or undefined where none comes within a virtual hour. */
  async raw(payload: Bytes): Promise<string | undefined> {
    const reply = await this.clock.resolve(this.insurer.exchange(payload));
    return reply === undefined ? undefined : new TextDecoder().decode(reply);
  }

  async ask(infno: string, input: Node, members: Node = {}): Promise<Reply> {
    const text = await this.raw(this.message(infno, input, members));
    return JSON.parse(text ?? "null") as Reply;
  }

  async signIn(): Promise<void> {
    const reply = await this.ask("9001", { signIn: { opter_no: "op1", mac: "00-00-00-00-00-00", ip: "127.0.0.1" } });
    this.signNumber = String(reply.output["signinoutb"]?.["sign_no"]);
  }

  basket(lines: readonly Line[] = VECTOR_A, druginfo: Node = {}): Node {
    const fen = lines.reduce((total, [, , , amount]) => total + Math.round(Number(amount) * 100), 0);
    const card = druginfo["psn_no"] === RICH_PERSON ? "T00000002" : "T00000001";
    return {
      druginfo: {
        psn_no: PERSON,
        mdtrt_cert_type: "03",
        mdtrt_cert_no: card,
        begntime: "2026-09-22 12:00:00",
        medfee_sumamt: (fen / 100).toFixed(2),
        invono: "1",
        insutype: "310",
        dise_codg: "",
        dise_name: "",
        acct_used_flag: "1",
        med_type: "41",
        ...druginfo,
      },
      drugdetail: drugdetail(lines),
    };
  }

  settle(msgid = this.msgid(), druginfo: Node = {}): Promise<Reply> {
    return this.ask("2102", this.basket(VECTOR_A, druginfo), { msgid });
  }

  reverse(omsgid: string, members: Node = {}): Promise<Reply> {
    return this.ask("2601", { data: { psn_no: PERSON, omsgid, oinfno: "2102", ...members } });
  }

  /** What the insurer's statement shows of a message that this counter says nothing of: refund flag and amounts of each row. */
  async rows(msgid: string, members: Node = {}): Promise<readonly (readonly string[])[]> {
    const empty = Buffer.from(zipSync({ "detail.txt": new Uint8Array() })).toString("base64");
    const file = (await this.ask("9101", { fsUploadIn: { in: empty, filename: "detail.zip", fixmedins_code: INSTITUTION } })).output as Node;
    const days = { stmt_begndate: "2026-09-22", stmt_enddate: "2026-09-22", ...members };
    const sums = { medfee_sumamt: "0.00", fund_pay_sumamt: "0.00", acct_pay: "0.00", fixmedins_setl_cnt: "0" };
    const data = { ...days, ...sums, setl_optins: "530102", clr_type: "41", file_qury_no: file["file_qury_no"] };
    const { file_qury_no, filename } = (await this.ask("3202", { data })).output["fileinfo"] ?? {};
    const reply = await this.ask("9102", { fsDownloadIn: { file_qury_no, filename, fixmedins_code: INSTITUTION } });
    const [text = new Uint8Array()] = Object.values(unzipSync(Buffer.from(String(reply.output["fsDownloadOut"]?.["out"]), "base64")));
    const rows = strFromU8(text).split("\n");
    return rows
      .map((row) => row.split("\t"))
      .filter((row) => row[3] === msgid)
      .map((row) => [row[5] ?? "", ...row.slice(7, 10)]);
  }

  accountFen(person = PERSON): number {
    return Number(this.ledger.balances(person).accountFen);
  }
}

export async function openCounter(options: Partial<InsurerOptions> = {}): Promise<Counter> {
  const counter = new Counter(options);
  await counter.signIn();
  return counter;
}
