/* What the messages of a purchase hold, and what is read out of their answers. Spec: FSI, 1101; FSI, 2101; FSI, 2102. */
import { formatYuan } from "../../base/fen.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import { type FsiNode, type FsiRequest, nodeOf, rowsOf, textOf } from "../../codec/fsi.ts";
import type { MedicalPurchaseRequest } from "./ports.ts";
import type { Refusal } from "./types.ts";

/** Credential type of a social security card. Spec: FSI, mdtrt_cert_type. */
const CREDENTIAL_CARD = "03";
/** Purchase at a pharmacy. Spec: FSI, med_type. */
const PHARMACY_PURCHASE = "41";
/** More insurances than anybody has. */
const INSURANCES_MAX = 50;
const INSURED_NORMALLY = "1";

export interface InsuredPerson {
  readonly personNumber: string;
  readonly insuranceType: string;
  /** Six digits. */
  readonly insuranceArea: string;
}

export type PersonParse = { readonly ok: true; readonly person: InsuredPerson } | { readonly ok: false; readonly refusal: Refusal };

export function personInput(card: SocialIdentity, today: string): FsiRequest["input"] {
  return {
    data: {
      mdtrt_cert_type: CREDENTIAL_CARD,
      mdtrt_cert_no: card.cardNumber,
      card_sn: card.cardIdentifier,
      begntime: today,
      psn_cert_type: "01",
      certno: card.holder.socialSecurityNumber,
      psn_name: card.holder.name,
    },
  };
}

/** Picks the insurance that the purchase goes to: one that is in force, and the chosen one where there are several. */
export function readPerson(output: FsiNode, chosen: string | undefined): PersonParse {
  const personNumber = textOf(nodeOf(output, "baseinfo") ?? {}, "psn_no");
  if (personNumber === "") return { ok: false, refusal: { reason: "person-unknown" } };
  const inForce = (rowsOf(output, "insuinfo", INSURANCES_MAX) ?? []).filter(
    (row) => textOf(row, "psn_insu_stas") === INSURED_NORMALLY && /^\d{6}$/.test(textOf(row, "insuplc_admdvs")),
  );
  const fitting = chosen === undefined ? inForce : inForce.filter((row) => textOf(row, "insutype") === chosen);
  const [row] = fitting;
  if (row === undefined) return { ok: false, refusal: { reason: "insurance-inactive" } };
  if (fitting.length > 1) return { ok: false, refusal: { reason: "insurance-choice-needed", choices: fitting.map((each) => textOf(each, "insutype")) } };
  return { ok: true, person: { personNumber, insuranceType: textOf(row, "insutype"), insuranceArea: textOf(row, "insuplc_admdvs") } };
}

export interface Basket {
  readonly request: MedicalPurchaseRequest;
  readonly card: Pick<SocialIdentity, "cardNumber">;
  readonly person: InsuredPerson;
  /** "yyyy-MM-dd HH:mm:ss", the same in pre-settlement and settlement. */
  readonly at: string;
  /** Unique in the institution; the lines are numbered behind it. */
  readonly linePrefix: string;
}

/** Pre-settlement and settlement hold the same basket; only the settlement books it. */
export function basketInput({ request, card, person, at, linePrefix }: Basket): FsiRequest["input"] {
  return {
    druginfo: {
      psn_no: person.personNumber,
      mdtrt_cert_type: CREDENTIAL_CARD,
      mdtrt_cert_no: card.cardNumber,
      begntime: at,
      medfee_sumamt: formatYuan(request.amount),
      invono: request.invoiceNumber,
      insutype: person.insuranceType,
      dise_codg: "",
      dise_name: "",
      acct_used_flag: request.usesAccount ? "1" : "0",
      med_type: PHARMACY_PURCHASE,
    },
    drugdetail: request.items.map((item, index) => ({
      ...item.extra,
      feedetl_sn: `${linePrefix}${String(index + 1).padStart(3, "0")}`,
      rx_circ_flag: "0",
      fee_ocur_time: at,
      med_list_codg: item.nationalCode,
      medins_list_codg: item.ownCode,
      det_item_fee_sumamt: formatYuan(item.amount),
      cnt: item.quantity,
      pric: item.unitPrice,
    })),
  };
}

/** The longest that time and serial of a msgid add to a line number. */
export const LINE_PREFIX_SAMPLE = "000000000000000000";

/** Time and serial of a msgid, without the institution that all lines share. */
export function linePrefixOf(msgid: string): string {
  return msgid.slice(12);
}
