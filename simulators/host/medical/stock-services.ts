/*
 * Sale of goods and its return, one line a message or many at once. Spec: FSI, 3505; FSI, 3506; FSI, 3505A.
 * The answer has two levels: a message that cannot be read is refused like every other; goods that may not be sold come back as done with retRslt 0.
 */

import { parseDecimal, sumOf } from "./decimals.ts";
import type { FsiRequest, ReplyNode } from "./envelope.ts";
import { type FieldValues, readFields, readRows } from "./fields.ts";
import { isTraced } from "./persons.ts";
import { type Parse, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { FSI_FIELDS } from "./tables.ts";

const BATCH_MAX = 100;
const PACKS_MAX = 200;

interface Goods {
  readonly infno: "3505" | "3506";
  readonly node: FieldValues;
  /** drug_trac_codg of each pack. */
  readonly codes: readonly string[];
  readonly institution: string;
}

function isInsured(node: FieldValues): boolean {
  return node["mdtrt_setl_type"] === undefined || node["mdtrt_setl_type"] === "" ? node["hi_feesetl_type"] !== "0" : node["mdtrt_setl_type"] === "1";
}

function readCodes(raw: unknown): Parse<readonly string[]> {
  if (raw === undefined || (Array.isArray(raw) && raw.length === 0)) return { ok: true, value: [] };
  const parsed = readRows(raw, "drugtracinfo", { table: FSI_FIELDS.pack, max: PACKS_MAX });
  if (!parsed.ok) return parsed;
  const codes = parsed.rows.map(({ node }) => node["drug_trac_codg"] ?? "");
  return new Set(codes).size === codes.length ? { ok: true, value: codes } : refuse("drugtracinfo.drug_trac_codg is there twice");
}

function readGoods(request: FsiRequest, raw: unknown, { infno, name }: { readonly infno: Goods["infno"]; readonly name: string }): Parse<Goods> {
  const parsed = readFields(raw, name, infno === "3505" ? FSI_FIELDS.sale : FSI_FIELDS.saleReturn);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  if (infno === "3505" && isInsured(node) && (node["setl_id"] ?? "") === "") return refuse(`${name}.setl_id is missing`);
  const codes = readCodes((raw as { readonly drugtracinfo?: unknown }).drugtracinfo);
  return codes.ok ? { ok: true, value: { infno, node, codes: codes.value, institution: request.institution } } : codes;
}

/** Names one line of one sale, so that the same line told again is known. */
function saleOf({ node, institution }: Goods): string {
  return [institution, node["rtal_docno"], node["mdtrt_sn"], node["med_list_codg"], node["fixmedins_hilist_id"], node["fixmedins_bchno"]].join("|");
}

function moveOf(goods: Goods): string {
  const time = goods.infno === "3506" ? goods.node["sel_retn_time"] : "";
  return [goods.infno, saleOf(goods), goods.node["setl_id"], time, ...[...goods.codes].sort()].join("|");
}

/** Why the settlement that the goods belong to does not carry them, or undefined. */
function settlementRefusal(context: ServiceContext, { infno, node, institution }: Goods): string | undefined {
  const settlementId = node["setl_id"] ?? "";
  if (settlementId === "") return undefined;
  const settlement = context.ledger.settlement(settlementId);
  if (settlement === undefined || settlement.institution !== institution || settlement.status === "reversed") return "setl_id is unknown";
  return infno === "3505" && settlement.status === "voided" ? "the settlement has been taken back" : undefined;
}

function soldRefusal(context: ServiceContext, goods: Goods): string | undefined {
  const { node, codes } = goods;
  const part = node["trdn_flag"] === "1";
  const sale = saleOf(goods);
  const taken = codes.find((code) =>
    context.ledger.stock.standing(code).some((pack) => {
      const own = pack.sale === sale || (pack.toldBy === "settlement" && pack.settlementId !== "" && pack.settlementId === node["setl_id"]);
      return !own && !(part && pack.part);
    }),
  );
  return taken === undefined ? undefined : `drug_trac_codg ${taken} has been sold already`;
}

function sell(context: ServiceContext, goods: Goods): string | undefined {
  const refusal = soldRefusal(context, goods);
  if (refusal !== undefined) return refusal;
  const settlementId = goods.node["setl_id"] ?? "";
  for (const code of goods.codes) {
    if (settlementId !== "") context.ledger.stock.takeOver(code, settlementId);
    context.ledger.stock.sell({ code, sale: saleOf(goods), settlementId, part: goods.node["trdn_flag"] === "1", toldBy: "upload" });
  }
  return undefined;
}

/** What was told sold of this settlement and not given back, in 1/10000. */
function soldCountE4(context: ServiceContext, { node, institution }: Goods): bigint {
  const moves = context.ledger.stock.movesOf(node["setl_id"] ?? "").filter((move) => move.institution === institution && move.code === node["med_list_codg"]);
  return sumOf(moves, (move) => (move.infno === "3505" ? move.countE4 : -move.countE4));
}

function giveBack(context: ServiceContext, goods: Goods): string | undefined {
  const { node, codes, institution } = goods;
  const { stock } = context.ledger;
  const settlementId = node["setl_id"] ?? "";
  if (settlementId !== "" && soldCountE4(context, goods) < (parseDecimal(node["sel_retn_cnt"], 4) ?? 0n)) return "more is given back than was sold";
  const sales = codes.map((code) => {
    const own = stock.standing(code).filter((pack) => pack.sale.startsWith(`${institution}|`));
    return { code, pack: own.find((pack) => pack.settlementId === settlementId) ?? own.at(-1) };
  });
  const unsold = sales.find(({ pack }) => pack === undefined);
  if (unsold !== undefined) return `drug_trac_codg ${unsold.code} was not sold here`;
  for (const { pack } of sales) if (pack !== undefined) stock.giveBack(pack);
  return undefined;
}

/** Moves the goods in the books, or says why not. */
function move(context: ServiceContext, goods: Goods): string | undefined {
  const { node, codes, infno } = goods;
  const { stock } = context.ledger;
  const name = moveOf(goods);
  if (stock.move(name) !== undefined) return context.variants.repeatedUpload === "same" ? undefined : "this line has been uploaded already";
  const item = context.catalogue.find(({ code }) => code === node["med_list_codg"]);
  if (item === undefined) return "med_list_codg is not in the catalogue";
  if (context.variants.traceInUpload === "required" && isTraced(item) && codes.length === 0) return "drugtracinfo is missing";
  const refusal = settlementRefusal(context, goods) ?? (infno === "3505" ? sell(context, goods) : giveBack(context, goods));
  if (refusal !== undefined) return refusal;
  stock.record({
    move: name,
    infno,
    institution: goods.institution,
    settlementId: node["setl_id"] ?? "",
    code: item.code,
    countE4: parseDecimal(node["sel_retn_cnt"], 4) ?? 0n,
    atMs: context.clock.wallMs(),
    fields: JSON.stringify(node),
  });
  return undefined;
}

/** Thrown out of a transaction that is given up; never leaves this file. */
class Declined extends Error {}

/** Moves all of the goods or none of them. */
function moveAll(context: ServiceContext, goods: readonly Goods[]): string | undefined {
  try {
    context.ledger.atomically(() => {
      for (const each of goods) {
        const refusal = move(context, each);
        if (refusal !== undefined) throw new Declined(refusal);
      }
    });
    return undefined;
  } catch (error) {
    if (error instanceof Declined) return error.message;
    throw error;
  }
}

function answered(context: ServiceContext, refusal: string | undefined): ServiceAnswer {
  const result: ReplyNode = { retRslt: refusal === undefined ? "1" : "0", msgRslt: refusal ?? "" };
  return { ok: true, output: context.variants.uploadResult === "node" ? { result } : result };
}

function one(context: ServiceContext, request: FsiRequest, infno: Goods["infno"]): ServiceAnswer {
  const goods = readGoods(request, request.input["selinfo"], { infno, name: "selinfo" });
  return goods.ok ? answered(context, moveAll(context, [goods.value])) : goods;
}

/** 3505: one line of a sale. */
export function uploadSale(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  return one(context, request, "3505");
}

/** 3506: one line that came back. */
export function uploadReturn(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  return one(context, request, "3506");
}

/** 3505A: many lines at once, all of them or none. */
export function uploadSales(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const rows = request.input["selinfoDetail"];
  if (!Array.isArray(rows) || rows.length === 0) return refuse("selinfoDetail is missing");
  if (rows.length > BATCH_MAX) return refuse("selinfoDetail is too long");
  const goods: Goods[] = [];
  for (const row of rows as readonly unknown[]) {
    const parsed = readGoods(request, row, { infno: "3505", name: "selinfoDetail" });
    if (!parsed.ok) return parsed;
    goods.push(parsed.value);
  }
  return answered(context, moveAll(context, goods));
}
