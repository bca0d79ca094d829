/*
 * The catalogue as far as a split needs it: lists as files (1301, 1305, 1306, 1312), price limits (1318) and first self-pay (1319) by pages.
 * Spec: FSI, 1301; FSI, 1305; FSI, 1306; FSI, 1312; FSI, 1318; FSI, 1319.
 */
import { LEVELS } from "./basket.ts";
import type { FsiRequest, ReplyNode } from "./envelope.ts";
import { type FieldTable, readFields } from "./fields.ts";
import { fileNode, keepFile } from "./file-services.ts";
import { type CatalogueItem, isTraced } from "./persons.ts";
import { type Parse, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { zipText } from "./statement-file.ts";
import { FSI_FIELDS } from "./tables.ts";

const PAGE_MAX = 500;
const FROM = "2020-01-01";
const TO = "2099-12-31";
const EMPTY = "null";

/** Whether an item stands in the list of a code: medicine, services, materials, or the insurer's whole catalogue. */
const LISTS: Readonly<Record<string, (item: CatalogueItem) => boolean>> = {
  "1301": isTraced,
  "1302": ({ listType }) => listType === "103",
  "1305": ({ listType }) => listType === "201",
  "1306": ({ listType }) => listType === "301",
  "1312": () => true,
};

function ratioText(e4: bigint): string {
  const digits = e4.toString().padStart(5, "0");
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

function priceText(e6: bigint): string {
  const digits = e6.toString().padStart(7, "0");
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** Code, name, area, from, to, med_chrgitm_type, chrgitm_lv, list_type, prescription flag. */
function listLine(context: ServiceContext, item: CatalogueItem): string {
  const type = item.listType ?? "101";
  const area = context.catalogueArea;
  const cells = [item.code, item.name ?? "", area, FROM, TO, type === "201" ? "14" : "09", LEVELS[item.class], type, item.prescription === true ? "1" : "0"];
  return `${cells.map((cell) => (cell === "" ? EMPTY : cell)).join("\t")}\n`;
}

function askedItems(
  context: ServiceContext,
  request: FsiRequest,
  table: FieldTable,
): Parse<{ readonly items: readonly CatalogueItem[]; readonly node: Readonly<Record<string, string>> }> {
  const parsed = readFields(request.input["data"], "data", table);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const code = node["hilist_code"] ?? "";
  return { ok: true, value: { node, items: code === "" ? context.catalogue : context.catalogue.filter((item) => item.code === code) } };
}

/** 1301 to 1312: a list as a file to fetch; its name tells the state of the catalogue. A list that the sender has already is empty of news. */
export function downloadList(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const asked = askedItems(context, request, request.infno === "1312" ? FSI_FIELDS.cataloguePage : FSI_FIELDS.catalogue);
  if (!asked.ok) return asked;
  const belongs = LISTS[request.infno];
  if (belongs === undefined) return refuse("this list is not served here");
  const items = asked.value.items.filter(belongs);
  const name = `${request.infno}_${context.catalogueVersion}`;
  const content = zipText(`${name}.txt`, items.map((item) => listLine(context, item)).join(""));
  const file = keepFile(context, { institution: request.institution, filename: `${name}.zip`, content });
  return { ok: true, output: { ...fileNode(file), data_cnt: items.length } };
}

function page(context: ServiceContext, request: FsiRequest, rowsOf: (item: CatalogueItem) => readonly ReplyNode[]): ServiceAnswer {
  const asked = askedItems(context, request, FSI_FIELDS.cataloguePage);
  if (!asked.ok) return asked;
  const { node, items } = asked.value;
  const [number, size] = [Number(node["page_num"]), Number(node["page_size"])];
  if (number < 1) return refuse("data.page_num is malformed");
  if (size < 1 || size > PAGE_MAX) return refuse("data.page_size is malformed");
  const rows = items.flatMap(rowsOf);
  const data = rows.slice((number - 1) * size, number * size);
  return { ok: true, output: { data, pages: Math.ceil(rows.length / size), recordCounts: rows.length } };
}

/** 1318: highest unit prices that count. */
export function priceLimits(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  return page(context, request, ({ code, priceLimitE6 }) =>
    priceLimitE6 === undefined
      ? []
      : [
          {
            hilist_code: code,
            hilist_lmtpric_type: "101",
            overlmt_dspo_way: "1",
            insu_admdvs: context.catalogueArea,
            begndate: FROM,
            enddate: TO,
            hilist_pric_uplmt_amt: priceText(priceLimitE6),
            vali_flag: "1",
          },
        ],
  );
}

/** 1319: the share of an item that its buyer bears before any ratio. */
export function selfPayShares(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  return page(context, request, ({ code, selfPayE4 }) => [
    {
      hilist_code: code,
      selfpay_prop_psn_type: "",
      selfpay_prop_type: "1",
      insu_admdvs: context.catalogueArea,
      begndate: FROM,
      enddate: TO,
      selfpay_prop: ratioText(selfPayE4),
      vali_flag: "1",
    },
  ]);
}
