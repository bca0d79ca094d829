/*
 * What services of the card ask the agency, name by name, and what they read of its answers. Unknown members are passed over; a member that is
 * missing counts as not told. Spec: agency/v1.
 *
 * Every question that names a card has cardNumber (9 characters), and cardIdentifier (32 hexadecimal digits) where the card lies there.
 *
 * card-status       → state ("normal" "not-activated" "lost-temporary" "lost-formal" "reissuing" "cancelled"), pinInitial, bankActivated, production
 * records           what ("contributions" "visits" "employment"), name, identityNumber → rows
 * statement         name, identityNumber, from?, to? (YYYYMMDD) → rows
 * person-update     name, identityNumber, changes { telephone?, address? } → authorization? (hexadecimal: leave to write the card)
 * activate          name, identityNumber →
 * loss-report       loss ("temporary" "formal"), name, identityNumber, reportedMs → lapsesMs?
 * loss-withdraw     name, identityNumber →
 * pin-authorization step "begin": act ("reset-pin" "unlock-pin"), name, identityNumber, pinBlock?, keyCheckValue? → authorization
 *                   step "key": authorization, use ("proof" "mac"), address, algorithm, factors[], sessionFactor, data → data
 *                   step "reload": authorization, algorithm, factors[], challenge → command
 *                   step "end": authorization, result ("done" "refused" "unknown") →
 * outcome           of (the id of an earlier request) → known (boolean), reply
 */
import type { AgencyReply } from "../agency/client.ts";
import { textMember } from "../journal/members.ts";
import type { JsonObject } from "../journal/types.ts";
import type { Office } from "./acts.ts";

/** States in which the agency may hold a card. */
export const CARD_STATES = ["normal", "not-activated", "lost-temporary", "lost-formal", "reissuing", "cancelled"] as const;
export type CardState = (typeof CARD_STATES)[number];

export function cardStateOf(output: JsonObject): CardState | undefined {
  return CARD_STATES.find((state) => state === textMember(output, "state"));
}

const OFFICES: readonly Office[] = ["agency", "bank", "hospital", "insurer", "official-app", "counter-terminal", "telephone-12333"];

/** The office that a refusal names, where it is one that we know; the agency else. */
export function officeOf(reply: Extract<AgencyReply, { readonly kind: "refused" }>): Office {
  return OFFICES.find((office) => office === reply.office) ?? "agency";
}
