/* Lines of a basket, at a pharmacy and at a clinic, with the packs that belong to them. Spec: FSI, drugdetail; FSI, feedetail; FSI, drug_trac_info. */
import { parseDecimal } from "./decimals.ts";
import { type FieldTable, type FieldValues, readRows } from "./fields.ts";
import { type CatalogueItem, isTraced } from "./persons.ts";
import { type Parse, refuse, type ServiceContext } from "./service.ts";
import { type CatalogueClass, type FeeLine, lineAmountFen } from "./split.ts";
import { FSI_FIELDS } from "./tables.ts";

export const LINES_MAX = 200;
const PACKS_MAX = 1_000;

/** chrgitm_lv. */
export const LEVELS: Readonly<Record<CatalogueClass, string>> = { A: "01", B: "02", C: "03" };

export interface BasketLine {
  readonly detailNumber: string;
  readonly level: string;
  readonly item: CatalogueItem;
  readonly fee: FeeLine;
  readonly amountFen: bigint;
  readonly node: FieldValues;
}

/** A pack of a line: row of drug_trac_info. */
export interface TracedPack {
  readonly detailNumber: string;
  readonly code: string;
  /** trdn_flag 1. */
  readonly part: boolean;
}

function prescriptionRefusal(item: CatalogueItem, node: FieldValues, name: string): string | undefined {
  if (item.prescription !== true) return undefined;
  const missing = ["rxno", "bilg_dr_codg", "bilg_dr_name"].find((member) => (node[member] ?? "") === "");
  return missing === undefined ? undefined : `${name}.${missing} is missing for a prescription drug`;
}

/** A line whose members fit their table, against the catalogue. */
export function priceLine(context: ServiceContext, node: FieldValues, name: string): Parse<BasketLine> {
  const item = context.catalogue.find((candidate) => candidate.code === node["med_list_codg"]);
  if (item === undefined) return refuse("med_list_codg is not in the catalogue");
  const [countE4 = 0n, priceE6 = 0n] = [parseDecimal(node["cnt"], 4), parseDecimal(node["pric"], 6)];
  const amountFen = lineAmountFen(countE4, priceE6);
  if (parseDecimal(node["det_item_fee_sumamt"], 2) !== amountFen) return refuse("det_item_fee_sumamt is not cnt times pric");
  const refusal = prescriptionRefusal(item, node, name);
  if (refusal !== undefined) return refuse(refusal);
  const limit = item.priceLimitE6 === undefined ? {} : { priceLimitE6: item.priceLimitE6 };
  const fee = { countE4, priceE6, class: item.class, selfPayE4: item.selfPayE4, ...limit };
  return { ok: true, value: { detailNumber: node["feedetl_sn"] ?? "", level: LEVELS[item.class], item, fee, amountFen, node } };
}

/** All lines of a node; a number that is there twice is refused. */
export function readLines(context: ServiceContext, value: unknown, how: { readonly name: string; readonly table: FieldTable }): Parse<readonly BasketLine[]> {
  const parsed = readRows(value, how.name, { table: how.table, max: LINES_MAX });
  if (!parsed.ok) return parsed;
  const lines: BasketLine[] = [];
  for (const { node } of parsed.rows) {
    const line = priceLine(context, node, how.name);
    if (!line.ok) return line;
    if (lines.some((known) => known.detailNumber === line.value.detailNumber)) return refuse("feedetl_sn is there twice");
    lines.push(line.value);
  }
  return { ok: true, value: lines };
}

function packsOf(value: unknown, lines: readonly BasketLine[]): Parse<readonly TracedPack[]> {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return { ok: true, value: [] };
  const parsed = readRows(value, "drug_trac_info", { table: FSI_FIELDS.traceInfo, max: PACKS_MAX });
  if (!parsed.ok) return parsed;
  const packs = parsed.rows.map(({ node }) => ({
    detailNumber: node["feedetl_sn"] ?? "",
    code: node["drug_trac_codg"] ?? "",
    part: node["trdn_flag"] === "1",
  }));
  const stray = packs.some((pack) => !lines.some(({ detailNumber }) => detailNumber === pack.detailNumber));
  if (stray) return refuse("drug_trac_info.feedetl_sn names no line");
  const whole = packs.filter(({ part }) => !part).map(({ code }) => code);
  return new Set(whole).size === whole.length ? { ok: true, value: packs } : refuse("drug_trac_info.drug_trac_codg is there twice");
}

/** Packs of the lines, judged as far as the region's settlements look at them. */
export function readPacks(context: ServiceContext, value: unknown, lines: readonly BasketLine[]): Parse<readonly TracedPack[]> {
  const mode = context.variants.traceInSettlement;
  if (mode === "ignored") return { ok: true, value: [] };
  const packs = packsOf(value, lines);
  if (!packs.ok) return packs;
  const bare = lines.find(({ detailNumber, item }) => isTraced(item) && !packs.value.some((pack) => pack.detailNumber === detailNumber));
  if (mode === "required" && bare !== undefined) return refuse(`drug_trac_info is missing for feedetl_sn ${bare.detailNumber}`);
  const sold = packs.value.find((pack) => context.ledger.stock.standing(pack.code).some((known) => !(known.part && pack.part)));
  return sold === undefined ? packs : refuse(`drug_trac_codg ${sold.code} has been sold already`);
}
