/*
 * An outpatient visit at the insurer: registered, described, its fees told, split and settled; and taken back in the opposite order when it
 * comes to nothing. Spec: FSI, 2201; FSI, 2203; FSI, 2204; FSI, 2207.
 * Deviation: the texts at hand give the order of these messages, not all their members; what stands here are those of the field tables, and
 * a department without a category of its own is its own category. Spec: FSI, 2201.
 */
import { formatYuan } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { type FsiNode, type FsiRequest, nodeOf, textOf } from "../../codec/fsi.ts";
import { type Answer, ask, type HostSilence } from "../medical-host/ask.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import { accountFlag, type Basket, credentialMembers, lineMembers, lineName, prescriptionMembers } from "./messages.ts";
import { medicalTypeOf } from "./plan.ts";
import type { Clinic } from "./ports.ts";
import type { VisitStage } from "./types.ts";

/** What names a visit at the insurer. */
export interface VisitFacts {
  /** ipt_otp_no: our own number of the visit. */
  readonly number: string;
  /** mdtrt_id; "" until the insurer has said it. */
  readonly visitId: string;
  /** chrg_bchno of all its fees. */
  readonly feeBatch: string;
  /** The last step that may have been sent: "register", "inform" (and the fees after it) or "settle". */
  readonly stage: "register" | "inform" | "settle";
}

/** All batches of a visit, in a cancellation of fees. */
const ALL_BATCHES = "0000";
/** psn_setlway: by item. */
const BY_ITEM = "01";
const NO_CLINIC: Clinic = { doctorCode: "", doctorName: "", departmentCode: "", departmentName: "" };

export const STAGE_CODES: Readonly<Record<VisitStage, string>> = { register: "2201", inform: "2203", upload: "2204" };

export type VisitBasket = Basket & { readonly visit: VisitFacts };

export function stageInput(stage: VisitStage, basket: VisitBasket): FsiRequest["input"] {
  switch (stage) {
    case "register":
      return registerInput(basket);
    case "inform":
      return informInput(basket);
    case "upload":
      return uploadInput(basket);
  }
}

function registerInput({ request, holder, region, person, at, visit }: VisitBasket): FsiRequest["input"] {
  const { clinic = NO_CLINIC } = request;
  return {
    data: {
      psn_no: person.personNumber,
      insutype: person.insuranceType,
      begntime: at,
      ...credentialMembers({ holder, region }),
      ipt_otp_no: visit.number,
      atddr_no: clinic.doctorCode,
      dr_name: clinic.doctorName,
      dept_code: clinic.departmentCode,
      dept_name: clinic.departmentName,
      caty: clinic.departmentCategory ?? clinic.departmentCode,
    },
  };
}

/** mdtrt_id of a registration that was done; "" where the insurer did not say it. */
export function readVisitId(output: FsiNode): string {
  return textOf(nodeOf(output, "data") ?? {}, "mdtrt_id");
}

function informInput({ request, person, at, visit }: VisitBasket): FsiRequest["input"] {
  const { clinic = NO_CLINIC, disease } = request;
  const diagnosis = {
    diag_type: "1",
    diag_srt_no: "1",
    diag_code: disease?.code ?? "",
    diag_name: disease?.name ?? "",
    diag_dept: clinic.departmentName,
    dise_dor_no: clinic.doctorCode,
    dise_dor_name: clinic.doctorName,
    diag_time: at,
    vali_flag: "1",
  };
  return {
    mdtrtinfo: {
      mdtrt_id: visit.visitId,
      psn_no: person.personNumber,
      med_type: medicalTypeOf(request),
      begntime: at,
      main_cond_dscr: disease?.name ?? "",
      dise_codg: disease?.code ?? "",
      dise_name: disease?.name ?? "",
    },
    ...(disease === undefined ? {} : { diseinfo: [diagnosis] }),
  };
}

function uploadInput({ request, person, at, visit, linePrefix }: VisitBasket): FsiRequest["input"] {
  const { clinic = NO_CLINIC } = request;
  return {
    feedetail: request.items.map((item, index) => ({
      bilg_dr_codg: clinic.doctorCode,
      bilg_dr_name: clinic.doctorName,
      ...prescriptionMembers(request, item),
      ...lineMembers(item, at),
      bilg_dept_codg: clinic.departmentCode,
      bilg_dept_name: clinic.departmentName,
      feedetl_sn: lineName(linePrefix, index),
      mdtrt_id: visit.visitId,
      psn_no: person.personNumber,
      chrg_bchno: visit.feeBatch,
    })),
  };
}

/** Parts of the fee as the trial has worked them out; the settlement repeats them. Spec: FSI, 2207. */
const REPEATED_FIGURES = ["fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"] as const;

export type TrialFigures = Readonly<Record<(typeof REPEATED_FIGURES)[number], string>>;

export function readTrialFigures(output: FsiNode): TrialFigures {
  const node = nodeOf(output, "setlinfo") ?? {};
  const [fulamt = "", overlmt = "", preselfpay = "", inscp = ""] = REPEATED_FIGURES.map((name) => textOf(node, name));
  return { fulamt_ownpay_amt: fulamt, overlmt_selfpay: overlmt, preselfpay_amt: preselfpay, inscp_scp_amt: inscp };
}

/** `figures` and the invoice belong to the booking alone. */
export function visitSettlementInput({ request, holder, region, person, visit }: VisitBasket, figures: TrialFigures | undefined): FsiRequest["input"] {
  return {
    data: {
      psn_no: person.personNumber,
      ...credentialMembers({ holder, region }),
      med_type: medicalTypeOf(request),
      medfee_sumamt: formatYuan(request.amount),
      psn_setlway: BY_ITEM,
      mdtrt_id: visit.visitId,
      chrg_bchno: visit.feeBatch,
      insutype: person.insuranceType,
      acct_used_flag: accountFlag(request),
      ...(figures === undefined ? {} : { ...figures, invono: request.invoiceNumber }),
    },
  };
}

/** A visit as the insurer has to be told of it. */
export interface StandingVisit extends Pick<VisitFacts, "number" | "visitId"> {
  readonly personNumber: string;
  readonly insuranceArea: string;
  /** recer_sys_code, where the visit went to a receiver of its own. */
  readonly receiver?: string;
}

/**
 * "undone": the insurer has cancelled the visit. "refused": it has nothing to cancel or will not, or the visit has no name there; what was
 * sent late may still arrive, so that only somebody who knows that nothing can arrive any more takes it for an end. "silent": nothing follows.
 */
export type UndoResult =
  | { readonly kind: "undone" }
  | { readonly kind: "refused" }
  | { readonly kind: "silent"; readonly reason: HostSilence | "host-unreachable" };

/**
 * Takes a visit back that holds no settlement: its fees, then its registration. Safe to repeat; the fees of a visit that is gone are refused
 * and change nothing. The settlement, where it may be booked, is taken back before. A registration whose answer was lost has no name at the
 * insurer; it books nothing. Faults: those of the journal. Spec: FSI, 2205; FSI, 2202.
 */
export async function undoVisit(ports: HostPorts, visit: StandingVisit, limits: Limits): Promise<UndoResult> {
  const { personNumber: psn_no, visitId: mdtrt_id, insuranceArea, receiver } = visit;
  if (mdtrt_id === "") return { kind: "refused" };
  const way = { insuranceArea, ...(receiver === undefined ? {} : { receiver }) };
  const fees = await ask(ports, { ...way, infno: "2205", input: { data: { psn_no, mdtrt_id, chrg_bchno: ALL_BATCHES } } }, limits);
  const silence = silenceOf(fees);
  if (silence !== undefined) return silence;
  const answer = await ask(ports, { ...way, infno: "2202", input: { data: { psn_no, mdtrt_id, ipt_otp_no: visit.number } } }, limits);
  return silenceOf(answer) ?? { kind: answer.kind === "done" ? "undone" : "refused" };
}

function silenceOf(answer: Answer): UndoResult | undefined {
  switch (answer.kind) {
    case "done":
    case "refused":
      return undefined;
    case "not-sent":
      return { kind: "silent", reason: "host-unreachable" };
    case "undecided":
      return { kind: "silent", reason: answer.reason };
  }
}
