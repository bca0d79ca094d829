/*
 * What the insurer is asked about a person: who it is, what may be settled, which filings and chronic diseases are registered, what the year
 * has cost so far. Each function is one message and what it says. Spec: FSI, 1101; FSI, 2001; FSI, 5301; FSI, 2501; FSI, 5206.
 */
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { amountOf, type FsiNode, nodeOf, rowsOf, textOf } from "../../codec/fsi.ts";
import type { NoAnswer } from "./ask.ts";
import { ask, type Question } from "./ask.ts";
import type { HostPorts } from "./ports.ts";

/** What a question gave, or why it gave nothing. */
export type Served<Value> = { readonly kind: "done"; readonly value: Value } | NoAnswer;

/** Rows that anybody has of anything. */
const ROWS_MAX = 500;

/** Asks, and reads what was answered. Faults: those of the journal. */
export async function serve<Value>(
  ports: HostPorts,
  asked: { readonly question: Question; readonly read: (output: FsiNode) => Value },
  limits: Limits,
): Promise<Served<Value>> {
  const answer = await ask(ports, asked.question, limits);
  return answer.kind === "done" ? { kind: "done", value: asked.read(answer.output) } : answer;
}

/** Rows under a name; a host may write a list of one as that one. */
export function listOf(output: FsiNode, name: string): readonly FsiNode[] {
  const one = nodeOf(output, name);
  return one === undefined ? (rowsOf(output, name, ROWS_MAX) ?? []) : [one];
}

/** Who is asked for. The raw read of a card goes along for another province only. Spec: FSI, mdtrt_cert_type. */
export type PersonCredential =
  | {
      readonly kind: "card";
      readonly number: string;
      /** card_sn, the card's recognition code. */
      readonly identifier: string;
      readonly holder?: { readonly certificate: string; readonly name: string };
      readonly raw?: { readonly info: string; readonly sign: string };
    }
  | { readonly kind: "resident-id"; readonly number: string; readonly name: string }
  | { readonly kind: "e-code"; readonly code: string };

export interface Insurance {
  readonly type: string;
  /** insuplc_admdvs */
  readonly area: string;
  /** psn_insu_stas: 0 none, 1 normal, 2 suspended, 3 ended. */
  readonly status: string;
  readonly personType: string;
  /** Undefined where the host does not tell it. */
  readonly balance: Fen | undefined;
}

export interface Person {
  readonly personNumber: string;
  readonly certificateType: string;
  readonly certificate: string;
  readonly name: string;
  readonly insurances: readonly Insurance[];
}

const RESIDENT_CARD = "01";

/** 1101. `at`: yyyy-MM-dd HH:mm:ss. Faults: those of the journal. */
export function findPerson(ports: HostPorts, who: { readonly credential: PersonCredential; readonly at: string }, limits: Limits): Promise<Served<Person>> {
  const { credential, at } = who;
  const type = ports.medical.region.credentialCodes[credential.kind];
  const data = { mdtrt_cert_type: type, begntime: at, ...credentialMembers(credential) };
  return serve(ports, { question: { infno: "1101", input: { data } }, read: readPerson }, limits);
}

function credentialMembers(credential: PersonCredential): Readonly<Record<string, string>> {
  switch (credential.kind) {
    case "card": {
      const { number, identifier, holder, raw } = credential;
      const named = holder === undefined ? {} : { psn_cert_type: RESIDENT_CARD, certno: holder.certificate, psn_name: holder.name };
      return { mdtrt_cert_no: number, card_sn: identifier, ...named, ...(raw === undefined ? {} : { orgin_card_info: raw.info, sign: raw.sign }) };
    }
    case "resident-id":
      return { mdtrt_cert_no: credential.number, psn_cert_type: RESIDENT_CARD, certno: credential.number, psn_name: credential.name };
    case "e-code":
      return { mdtrt_cert_no: credential.code };
  }
}

function readPerson(output: FsiNode): Person {
  const base = nodeOf(output, "baseinfo") ?? {};
  return {
    personNumber: textOf(base, "psn_no"),
    certificateType: textOf(base, "psn_cert_type"),
    certificate: textOf(base, "certno"),
    name: textOf(base, "psn_name"),
    insurances: listOf(output, "insuinfo")
      .filter((row) => /^\d{6}$/.test(textOf(row, "insuplc_admdvs")))
      .map((row) => ({
        type: textOf(row, "insutype"),
        area: textOf(row, "insuplc_admdvs"),
        status: textOf(row, "psn_insu_stas"),
        personType: textOf(row, "psn_type"),
        balance: fenOf(row, "balc"),
      })),
  };
}

/** An amount that the host may leave out. */
export function fenOf(row: FsiNode, name: string): Fen | undefined {
  const amount = amountOf(row, name);
  return amount.ok ? amount.amount : undefined;
}

/** A person as every later question names him. */
export interface Insured {
  readonly personNumber: string;
  readonly insuranceType: string;
  readonly insuranceArea: string;
}

export interface Eligibility {
  readonly eligible: boolean;
  /** The host's own words for a "no". */
  readonly why: string;
}

/** 2001: whether any fund pays for this kind of treatment. Faults: those of the journal. */
export function checkEligibility(
  ports: HostPorts,
  about: Insured & { readonly medicalType: string; readonly at: string; readonly diseaseCode?: string; readonly receiver?: string },
  limits: Limits,
): Promise<Served<Eligibility>> {
  const { personNumber, insuranceType, insuranceArea, medicalType, at, diseaseCode, receiver } = about;
  const data = {
    psn_no: personNumber,
    insutype: insuranceType,
    fixmedins_code: ports.medical.sender.institution,
    med_type: medicalType,
    begntime: at,
    ...(diseaseCode === undefined ? {} : { dise_codg: diseaseCode }),
  };
  const question = { infno: "2001", input: { data }, insuranceArea, ...(receiver === undefined ? {} : { receiver }) };
  return serve(ports, { question, read: readEligibility }, limits);
}

/** One row for each fund: one that pays is enough. */
function readEligibility(output: FsiNode): Eligibility {
  const funds = listOf(output, "trtinfo");
  const eligible = funds.some((row) => textOf(row, "trt_enjymnt_flag") === "1");
  return { eligible, why: eligible ? "" : (funds.map((row) => textOf(row, "trt_chk_rslt")).find((words) => words !== "") ?? "") };
}

/** A period without an end goes on. Days as yyyy-MM-dd. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

function periodOf(row: FsiNode): Period {
  return { from: textOf(row, "begndate").slice(0, 10), to: textOf(row, "enddate").slice(0, 10) };
}

function covers({ from, to }: Period, day: string): boolean {
  return (from === "" || from <= day) && (to === "" || day <= to);
}

export interface ChronicFiling extends Period {
  readonly diseaseCode: string;
  readonly diseaseName: string;
}

/** 5301: chronic, special and two-disease registrations. Faults: those of the journal. */
export function chronicFilings(
  ports: HostPorts,
  about: Pick<Insured, "personNumber" | "insuranceArea">,
  limits: Limits,
): Promise<Served<readonly ChronicFiling[]>> {
  const question = { infno: "5301", input: { data: { psn_no: about.personNumber } }, insuranceArea: about.insuranceArea };
  const read = (output: FsiNode) =>
    listOf(output, "feedetail").map((row) => ({ diseaseCode: textOf(row, "opsp_dise_code"), diseaseName: textOf(row, "opsp_dise_name"), ...periodOf(row) }));
  return serve(ports, { question, read }, limits);
}

/** Whether a disease is registered on a day (yyyy-MM-dd). */
export function hasChronicFiling(filings: readonly ChronicFiling[], about: { readonly diseaseCode: string; readonly day: string }): boolean {
  return filings.some((filing) => filing.diseaseCode === about.diseaseCode && covers(filing, about.day));
}

export interface ElsewhereFiling extends Period {
  /** Where treatment was registered: an area, or a city or province by its closing zeros. */
  readonly area: string;
}

/** 2501 as a question: for which places somebody insured elsewhere is registered. Faults: those of the journal. */
export function filingsElsewhere(ports: HostPorts, about: Insured & { readonly at: string }, limits: Limits): Promise<Served<readonly ElsewhereFiling[]>> {
  const data = { psn_no: about.personNumber, insutype: about.insuranceType, mdtrtarea_admdvs: ports.medical.sender.treatmentArea, begntime: about.at };
  const read = (output: FsiNode) => listOf(output, "refmedin").map((row) => ({ area: textOf(row, "mdtrtarea_admdvs"), ...periodOf(row) }));
  return serve(ports, { question: { infno: "2501", input: { data }, insuranceArea: about.insuranceArea }, read }, limits);
}

/** Whether a filing holds for a place of treatment on a day. */
export function hasFiling(filings: readonly ElsewhereFiling[], about: { readonly treatmentArea: string; readonly day: string }): boolean {
  return filings.some(
    (filing) => /^\d{6}$/.test(filing.area) && about.treatmentArea.startsWith(filing.area.replace(/(?:00){1,2}$/, "")) && covers(filing, about.day),
  );
}

export interface Cumulative {
  /** yyyyMM */
  readonly month: string;
  readonly kind: string;
  readonly amount: Fen;
}

/** 5206: what has been used up so far; rows that cannot be read are left out. `month`: yyyyMM. Faults: those of the journal. */
export function cumulative(ports: HostPorts, about: Insured & { readonly month: string }, limits: Limits): Promise<Served<readonly Cumulative[]>> {
  const question = {
    infno: "5206",
    input: { data: { psn_no: about.personNumber, cum_ym: about.month, insutype: about.insuranceType } },
    insuranceArea: about.insuranceArea,
  };
  const read = (output: FsiNode) =>
    listOf(output, "cuminfo").flatMap((row) => {
      const amount = fenOf(row, "cum");
      return amount === undefined ? [] : [{ month: textOf(row, "cum_ym"), kind: textOf(row, "cum_type_code"), amount }];
    });
  return serve(ports, { question, read }, limits);
}
