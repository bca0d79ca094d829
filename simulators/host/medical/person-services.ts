/* Sign-in and person information. Spec: FSI, 9001; FSI, 1101. */
import { civilTime } from "../../../device/codec/civil-time.ts";
import type { FsiRequest, ReplyNode } from "./envelope.ts";
import { Yuan } from "./envelope.ts";
import type { InsuredPerson } from "./persons.ts";
import { readNode, refuse, type ServiceAnswer, type ServiceContext } from "./service.ts";

/** 9001: a sign-in number for one operator. */
export function signIn(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readNode(request.input["signIn"], "signIn", ["opter_no", "mac", "ip"]);
  if (!parsed.ok) return parsed;
  const nowMs = context.clock.wallMs();
  const { compact, iso } = civilTime(nowMs);
  const signNumber = `${compact}${String(context.ledger.next("sign-in")).padStart(6, "0")}`;
  context.ledger.signIn(signNumber, parsed.node["opter_no"] ?? "", nowMs);
  return { ok: true, output: { signinoutb: { sign_time: iso, sign_no: signNumber } } };
}

function holds(person: InsuredPerson, node: Readonly<Record<string, string>>): boolean {
  if (node["mdtrt_cert_type"] === "02") return person.certificateNumber === node["mdtrt_cert_no"];
  return person.cards.some((card) => card.cardNumber === node["mdtrt_cert_no"] && card.cardIdentifier === node["card_sn"]);
}

/** 1101: who holds this credential, and how they are insured. */
export function personInformation(context: ServiceContext, request: FsiRequest): ServiceAnswer {
  const parsed = readNode(request.input["data"], "data", ["mdtrt_cert_type", "mdtrt_cert_no"]);
  if (!parsed.ok) return parsed;
  const { node } = parsed;
  const type = node["mdtrt_cert_type"];
  if (type !== "02" && type !== "03") return refuse("mdtrt_cert_type is not served here");
  if (type === "03" && (node["card_sn"] ?? "") === "") return refuse("data.card_sn is missing");
  const person = context.persons.find((candidate) => holds(candidate, node));
  if (person === undefined) return refuse("nobody is insured with this credential");
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
      paus_insu_date: "",
      cvlserv_flag: "0",
      insuplc_admdvs: insurance.area,
      emp_name: "测试单位",
    })),
    idetinfo: [],
  };
}
