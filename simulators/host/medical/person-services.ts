/* Sign-in, sign-out and person information. Spec: FSI, 9001; FSI, 9002; FSI, 1101. */
import { civilTime } from "../../../device/codec/civil-time.ts";
import { distanceOf } from "./areas.ts";
import { holderOf } from "./credentials.ts";
import type { FsiRequest, ReplyNode } from "./envelope.ts";
import { Yuan } from "./envelope.ts";
import { readFields } from "./fields.ts";
import type { InsuredPerson } from "./persons.ts";
import { refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";
import { FSI_FIELDS } from "./tables.ts";

/** 9001: a sign-in number for one operator. */
export function signIn(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["signIn"], "signIn", FSI_FIELDS.signIn);
  if (!parsed.ok) return parsed;
  const nowMs = context.clock.wallMs();
  const { compact, iso } = civilTime(nowMs);
  const signNumber = `${compact}${String(context.ledger.next("sign-in")).padStart(6, "0")}`;
  context.ledger.signIn(signNumber, parsed.node["opter_no"] ?? "", nowMs);
  return { ok: true, output: { signinoutb: { sign_time: iso, sign_no: signNumber } } };
}

/** 9002: the number ends, once, by the operator who drew it. */
export function signOut(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["signOut"], "signOut", FSI_FIELDS.signOut);
  if (!parsed.ok) return parsed;
  const { sign_no: signNumber = "", opter_no: operator = "" } = parsed.node;
  const known = context.ledger.signInOf(signNumber);
  if (known === undefined || known.operator !== operator) return refuse("sign_no is unknown");
  if (known.endedAtMs !== undefined) return refuse("sign_no has been signed out already");
  const nowMs = context.clock.wallMs();
  context.ledger.signOut(signNumber, nowMs);
  return { ok: true, output: { signoutoutb: { sign_time: civilTime(nowMs).iso } } };
}

/** Why a message with this number is not served, or undefined. */
export function signInRefusal(context: ServiceContext, signNumber: string): string | undefined {
  const known = context.ledger.signInOf(signNumber);
  if (known === undefined) return "sign_no is missing or unknown";
  if (known.endedAtMs !== undefined) return "sign_no has been signed out";
  const { signInValidMs } = context.variants;
  const nowMs = context.clock.wallMs();
  const expired = signInValidMs !== undefined && nowMs - known.atMs > signInValidMs;
  return expired || (context.faults.signInsEndedAtMs ?? 0) > known.atMs ? "sign_no has expired" : undefined;
}

/** Whether no insurance of the person is of the province where the reader stands. */
function fromAnotherProvince(context: ServiceContext, person: InsuredPerson, treatmentArea: string): boolean {
  return person.insurances.every(({ area }) => distanceOf(treatmentArea, area, context.variants.municipalities) === "cross-province");
}

/** 1101: who holds this credential, and how they are insured. */
export function personInformation(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readFields(request.input["data"], "data", FSI_FIELDS.person);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const holder = holderOf(context, node);
  if (!holder.ok) return holder;
  const person = holder.value;
  const raw = context.variants.crossProvinceRawRead && node["mdtrt_cert_type"] === "03" && fromAnotherProvince(context, person, request.treatmentArea);
  if (raw) {
    const whole = readFields(request.input["data"], "data", FSI_FIELDS.rawRead);
    if (!whole.ok) return whole;
  }
  return { ok: true, output: personOutput(context, person) };
}

function personOutput(context: ServiceContext, person: InsuredPerson): ReplyNode {
  const { accountFen } = context.ledger.balances(person.personNumber);
  return {
    baseinfo: {
      psn_no: person.personNumber,
      psn_cert_type: "01",
      certno: person.certificateNumber,
      psn_name: person.name,
      gend: person.gender,
      naty: "01",
      brdy: person.birthday,
      age: person.age,
    },
    insuinfo: person.insurances.map((insurance) => ({
      balc: new Yuan(accountFen),
      insutype: insurance.type,
      psn_type: insurance.personType,
      psn_insu_stas: insurance.status,
      psn_insu_date: "2010-01-01",
      paus_insu_date: insurance.status === "1" ? "" : "2026-01-01",
      cvlserv_flag: insurance.type === "320" ? "1" : "0",
      insuplc_admdvs: insurance.area,
      emp_name: "测试单位",
    })),
    idetinfo: person.identities.map(({ type, level }) => ({ psn_idet_type: type, psn_type_lv: level, memo: "", begntime: "2020-01-01 00:00:00", endtime: "" })),
  };
}
