/* Whose credential this is: 01 e-code, 02 resident ID card, 03 social security card. Spec: FSI, mdtrt_cert_type. */
import { toHex } from "../../../device/base/bytes.ts";
import type { ECode } from "./e-code-book.ts";
import type { FieldValues } from "./fields.ts";
import type { InsuredPerson } from "./persons.ts";
import { findPerson, type Parse, refuse, type ServiceContext } from "./service.ts";

const NOBODY = "nobody is insured with this credential";

/** A new e-code of a person, as a telephone would show it. */
export function issueECode(context: ServiceContext, personNumber: string): string | undefined {
  if (findPerson(context, personNumber) === undefined) return undefined;
  const token = `${toHex(context.randomness.bytes(10))}${String(context.ledger.next("e-code")).padStart(8, "0")}`.toUpperCase();
  context.ledger.eCodes.issue({ token, personNumber, issuedAtMs: context.clock.wallMs(), validMs: context.variants.eCodeValidMs });
  return token;
}

/** An e-code that can be read now. Only what this insurer has issued is known to it. */
function readableECode(context: ServiceContext, token: string): Parse<ECode> {
  const code = context.ledger.eCodes.find(token);
  if (code === undefined) return refuse("the e-code was not issued here");
  if (context.clock.wallMs() - code.issuedAtMs > code.validMs) return refuse("the e-code has expired");
  if (context.variants.eCodeUse === "one-settlement" && code.settled) return refuse("the e-code has been used");
  return { ok: true, value: code };
}

/** The holder of an e-code for 1101, which may use it up. */
function holderOfECode(context: ServiceContext, token: string): Parse<InsuredPerson> {
  const code = readableECode(context, token);
  if (!code.ok) return code;
  if (context.variants.eCodeUse === "one-query" && code.value.queries > 0) return refuse("the e-code has been used");
  const person = findPerson(context, code.value.personNumber);
  if (person === undefined) return refuse(NOBODY);
  context.ledger.eCodes.queried(token);
  return { ok: true, value: person };
}

function holderOfIdCard(context: ServiceContext, node: FieldValues): Parse<InsuredPerson> {
  const number = node["mdtrt_cert_no"] ?? "";
  if (!/^\d{17}[\dX]$/.test(number)) return refuse("data.mdtrt_cert_no is malformed");
  const person = context.persons.find((candidate) => candidate.certificateNumber === number);
  if (person === undefined) return refuse(NOBODY);
  const name = node["psn_name"] ?? "";
  if (context.variants.matchesName && name !== "" && name !== person.name) return refuse("psn_name is not the name on this credential");
  return { ok: true, value: person };
}

function holderOfCard(context: ServiceContext, node: FieldValues): Parse<InsuredPerson> {
  if ((node["card_sn"] ?? "") === "") return refuse("data.card_sn is missing");
  const person = context.persons.find(({ cards }) =>
    cards.some((card) => card.cardNumber === node["mdtrt_cert_no"] && card.cardIdentifier === node["card_sn"]),
  );
  return person === undefined ? refuse(NOBODY) : { ok: true, value: person };
}

/** The person behind the credential of 1101. */
export function holderOf(context: ServiceContext, node: FieldValues): Parse<InsuredPerson> {
  switch (node["mdtrt_cert_type"] ?? "") {
    case "01":
      return holderOfECode(context, node["mdtrt_cert_no"] ?? "");
    case "02":
      return holderOfIdCard(context, node);
    case "03":
      return holderOfCard(context, node);
    default:
      return refuse("mdtrt_cert_type is not served here");
  }
}

/** Refuses where the credential of a settlement is not this person's, or cannot be read any more. */
export function checkCredential(context: ServiceContext, person: InsuredPerson, node: FieldValues): Parse<undefined> {
  const number = node["mdtrt_cert_no"] ?? "";
  const another = refuse("the credential is not this person's");
  switch (node["mdtrt_cert_type"] ?? "") {
    case "01": {
      const code = readableECode(context, number);
      if (!code.ok) return code;
      return code.value.personNumber === person.personNumber ? { ok: true, value: undefined } : another;
    }
    case "02":
      return person.certificateNumber === number ? { ok: true, value: undefined } : another;
    case "03":
      return person.cards.some((card) => card.cardNumber === number) ? { ok: true, value: undefined } : another;
    default:
      return refuse("mdtrt_cert_type is not served here");
  }
}
