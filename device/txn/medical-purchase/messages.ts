/* What the messages of a purchase hold, and what is read out of their answers. Spec: FSI, 1101; FSI, 2101; FSI, 2102. */
import { formatYuan } from "../../base/fen.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import type { FsiRequest } from "../../codec/fsi.ts";
import { traceInfoRows } from "../goods-rules/trace-rows.ts";
import type { Insured, Person, PersonCredential } from "../medical-host/person-services.ts";
import type { RegionSwitches } from "../medical-host/profile.ts";
import { medicalTypeOf } from "./plan.ts";
import type { CardAsRead, MedicalPurchaseRequest, PurchaseItem, RawCard } from "./ports.ts";
import type { Refusal } from "./types.ts";

const INSURED_NORMALLY = "1";
const INSURED_SUSPENDED = "2";

/** What the insurer is told of a card, read now or read when something was sold without the insurer. */
export interface HolderCard extends Pick<SocialIdentity, "cardNumber" | "cardIdentifier"> {
  readonly holder: Pick<SocialIdentity["holder"], "socialSecurityNumber" | "name">;
}

/** Who stands at the counter, as the insurer is told. It names a person: it enters no log, and no record but where recovery needs it. */
export type Holder =
  | { readonly kind: "card"; readonly card: HolderCard; readonly raw: RawCard | undefined }
  | { readonly kind: "resident-id"; readonly number: string; readonly name: string }
  | { readonly kind: "e-code"; readonly code: string };

export function holderAsRead({ cardNumber, cardIdentifier, name, certificateNumber }: CardAsRead): Holder {
  return { kind: "card", card: { cardNumber, cardIdentifier, holder: { socialSecurityNumber: certificateNumber, name } }, raw: undefined };
}

export type PersonParse = { readonly ok: true; readonly person: Insured } | { readonly ok: false; readonly refusal: Refusal };

/** mdtrt_cert_type and mdtrt_cert_no. Only the host opens an e-code. Spec: FSI, mdtrt_cert_type. */
export function credentialMembers({ holder, region }: Pick<Basket, "holder" | "region">): { readonly mdtrt_cert_type: string; readonly mdtrt_cert_no: string } {
  return { mdtrt_cert_type: region.credentialCodes[holder.kind], mdtrt_cert_no: credentialNumber(holder) };
}

function credentialNumber(holder: Holder): string {
  switch (holder.kind) {
    case "card":
      return holder.card.cardNumber;
    case "resident-id":
      return holder.number;
    case "e-code":
      return holder.code;
  }
}

/** The holder as 1101 is asked; the card's own record goes along only where another province asks for it. */
export function personCredential(holder: Holder, withRaw: boolean): PersonCredential {
  if (holder.kind !== "card") return holder;
  const { cardNumber: number, cardIdentifier: identifier, holder: shown } = holder.card;
  const card = { kind: "card", number, identifier, holder: { certificate: shown.socialSecurityNumber, name: shown.name } } as const;
  return withRaw && holder.raw !== undefined ? { ...card, raw: holder.raw } : card;
}

/** Members that say who the holder is beside the credential; of an e-code the terminal knows none. */
function identityMembers(holder: Holder): { readonly card_sn: string; readonly psn_cert_type: string; readonly certno: string; readonly psn_name: string } {
  switch (holder.kind) {
    case "card":
      return {
        card_sn: holder.card.cardIdentifier,
        psn_cert_type: "01",
        certno: holder.card.holder.socialSecurityNumber,
        psn_name: holder.card.holder.name,
      };
    case "resident-id":
      return { card_sn: "", psn_cert_type: "01", certno: holder.number, psn_name: holder.name };
    case "e-code":
      return { card_sn: "", psn_cert_type: "", certno: "", psn_name: "" };
  }
}

/** Picks the insurance that the purchase goes to: one that is in force, and the chosen one where there are several. */
export function insuredOf({ personNumber, insurances }: Person, chosen: string | undefined): PersonParse {
  if (personNumber === "") return { ok: false, refusal: { reason: "person-unknown" } };
  const fitting = insurances.filter(({ type }) => chosen === undefined || type === chosen);
  const inForce = fitting.filter(({ status }) => status === INSURED_NORMALLY);
  const [one, ...others] = inForce;
  if (one === undefined) {
    return { ok: false, refusal: { reason: fitting.some(({ status }) => status === INSURED_SUSPENDED) ? "insurance-suspended" : "insurance-inactive" } };
  }
  if (others.length > 0) return { ok: false, refusal: { reason: "insurance-choice-needed", choices: inForce.map(({ type }) => type) } };
  return { ok: true, person: { personNumber, insuranceType: one.type, insuranceArea: one.area } };
}

/** What a settlement and its trial hold alike. */
export interface Basket {
  readonly request: MedicalPurchaseRequest;
  readonly holder: Holder;
  readonly person: Insured;
  readonly region: Pick<RegionSwitches, "credentialCodes" | "druginfoExtras" | "trace">;
  /** "yyyy-MM-dd HH:mm:ss", the same in pre-settlement and settlement. */
  readonly at: string;
  /** Unique in the institution; the lines are numbered behind it. */
  readonly linePrefix: string;
}

/** Pre-settlement and settlement hold the same basket; only the settlement books it. */
export function basketInput({ request, holder, person, region, at, linePrefix }: Basket): FsiRequest["input"] {
  const identity = identityMembers(holder);
  return {
    druginfo: {
      ...Object.fromEntries(region.druginfoExtras.map((name) => [name, identity[name]])),
      psn_no: person.personNumber,
      ...credentialMembers({ holder, region }),
      begntime: at,
      medfee_sumamt: formatYuan(request.amount),
      invono: request.invoiceNumber,
      insutype: person.insuranceType,
      dise_codg: request.disease?.code ?? "",
      dise_name: request.disease?.name ?? "",
      acct_used_flag: accountFlag(request),
      med_type: medicalTypeOf(request),
    },
    drugdetail: request.items.map((item, index) => ({
      ...prescriptionMembers(request, item),
      ...lineMembers(item, at),
      feedetl_sn: lineName(linePrefix, index),
    })),
  };
}

export function accountFlag({ usesAccount }: Pick<MedicalPurchaseRequest, "usesAccount">): "0" | "1" {
  return usesAccount ? "1" : "0";
}

/** feedetl_sn of a line. */
export function lineName(prefix: string, index: number): string {
  return `${prefix}${String(index + 1).padStart(3, "0")}`;
}

/** What a line says of its goods, the same in drugdetail and in feedetail. */
export function lineMembers(item: PurchaseItem, at: string): Record<string, string> {
  return {
    ...item.extra,
    fee_ocur_time: at,
    med_list_codg: item.nationalCode,
    medins_list_codg: item.ownCode,
    det_item_fee_sumamt: formatYuan(item.amount),
    cnt: item.quantity,
    pric: item.unitPrice,
  };
}

/** Who prescribed what needs a prescription, and who checked it. */
export function prescriptionMembers({ prescription }: MedicalPurchaseRequest, item: PurchaseItem): Record<string, string> {
  if (prescription === undefined || item.prescriptionDrug !== true) return { rx_circ_flag: "0" };
  return {
    rxno: prescription.number,
    rx_circ_flag: prescription.circulated ? "1" : "0",
    bilg_dr_codg: prescription.doctorCode,
    bilg_dr_name: prescription.doctorName,
    phar_name: prescription.pharmacistName,
    phar_prac_cert_no: prescription.pharmacistLicence,
  };
}

/** drug_trac_info, which goes with the booking alone; nothing where the region does not ask for it, or no line has a code. Spec: FSI, drug_trac_info. */
export function traceInput({ request, region, linePrefix }: Pick<Basket, "request" | "region" | "linePrefix">): FsiRequest["input"] {
  if (!region.trace.inSettlement) return {};
  const rows = traceInfoRows(
    request.items.map((item) => ({ name: "", ...item })),
    (index) => lineName(linePrefix, index),
  );
  return rows.length === 0 ? {} : { drug_trac_info: rows };
}

/** The longest that time and serial of a msgid add to a line number. */
export const LINE_PREFIX_SAMPLE = "000000000000000000";

/** Time and serial of a msgid, without the institution that all lines share. */
export function linePrefixOf(msgid: string): string {
  return msgid.slice(12);
}
