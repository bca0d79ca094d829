/*
 * What a terminal is told about services of the card in its region: named switches, each with the default of the code, and the local rules, which
 * are checked row by row. Spec: card-services/v1, 2.
 */
import * as z from "zod";
import { DEFAULT_SERVICE_PROFILE, type ServiceProfile } from "../txn/card-services/profile.ts";
import type { LocalRule } from "../txn/local-rules/types.ts";
import { validateLocalRules } from "../txn/local-rules/validate.ts";
import type { DeepReadonly } from "./deep-readonly.ts";

const D = DEFAULT_SERVICE_PROFILE;
const day = z.string().regex(/^\d{8}$/);
const amountFen = z.int().min(0).max(99_999_999_99);
const dated = { name: z.string().min(1).max(64), validFrom: day, validTo: day.exactOptional() };

const localRule = z.discriminatedUnion("kind", [
  z.strictObject({ ...dated, kind: z.literal("statement"), limit: z.int(), warnFrom: z.int() }),
  z.strictObject({ ...dated, kind: z.literal("daily-cap"), amountFen: amountFen.exactOptional(), count: z.int().exactOptional() }),
  z.strictObject({
    ...dated,
    kind: z.literal("merchant-discount"),
    merchants: z.array(z.string().min(1).max(64)).max(1_000),
    numerator: z.int(),
    denominator: z.int(),
    discountMaxFen: amountFen.exactOptional(),
  }),
  z.strictObject({ ...dated, kind: z.literal("fare-concession"), issuers: z.array(z.string().max(16)).max(100), asCardType: z.int() }),
  z.strictObject({ ...dated, kind: z.literal("library-deposit"), depositFen: amountFen }),
]);

const localRules = z
  .array(localRule)
  .max(200)
  .default([])
  .superRefine((rules, context) => {
    const check = validateLocalRules(rules);
    for (const problem of check.ok ? [] : check.problems) context.addIssue({ code: "custom", message: problem });
  });

const onOff = (preset: "on" | "off") => z.enum(["off", "on"]).default(preset);
const connected = (preset: "none" | "connected") => z.enum(["none", "connected"]).default(preset);
const hostCall = (preset: "off" | "host-call") => z.enum(["off", "host-call"]).default(preset);

/** Authorities of the certificates that cards carry where the card profile assumes them (`acse`). */
const cardAuthority = z.strictObject({
  index: z.int().min(0).max(0xff),
  expiryDate: day,
  pointHex: z.string().regex(/^(?:[0-9a-f]{66}|[0-9a-f]{128}|[0-9a-f]{130})$/i, "an SM2 point of 33, 64 or 65 bytes"),
  checkHex: z.string().regex(/^[0-9a-f]{64}$/i, "32 bytes in hexadecimal digits"),
});

export const servicesConfig = z.strictObject({
  activationMode: z.enum(["agency-only", "host-call", "initial-pin", "at-issue"]).default(D.activationMode),
  tempLossLapse: z.enum(["7-days", "2-working-days", "none"]).default(D.tempLossLapse),
  lossStopDelay: z.enum(["at-once", "within-24h"]).default(D.lossStopDelay),
  holidays: z
    .array(day)
    .max(366)
    .default([...D.holidays]),
  pinResetAtTerminal: z.enum(["off", "authorised-post"]).default(D.pinResetAtTerminal),
  lossCalls: z.enum(["off", "temporary", "temporary-and-formal"]).default(D.lossCalls),
  lossWithdrawal: hostCall(D.lossWithdrawal),
  detailChange: hostCall(D.detailChange),
  libraryHost: connected(D.libraryHost),
  contributionHost: connected(D.contributionHost),
  examFeeHost: connected(D.examFeeHost),
  benefitHost: connected(D.benefitHost),
  cashWithdrawal: onOff(D.cashWithdrawal),
  purseLoad: onOff(D.purseLoad),
  cardEqualsIdCard: z.enum(["within-hrss", "also-elsewhere", "no"]).default(D.cardEqualsIdCard),
  workInjury: connected(D.workInjury),
  offlineMedicalCard: z.enum(["off", "card-flags"]).default(D.offlineMedicalCard),
  statementCard: z.enum(["keyed-hash", "number"]).default(D.statementCard),
  /** Operators who may activate, reset and unlock. */
  authorisedOperators: z.array(z.string().min(1).max(64)).max(1_000).default([]),
  cardAuthorities: z.array(cardAuthority).max(64).default([]),
  localRules,
});

export type ServicesConfig = DeepReadonly<z.infer<typeof servicesConfig>>;

/** What the configuration decides, in the words of the services. */
export function serviceSettingsOf(config: ServicesConfig): {
  readonly profile: ServiceProfile;
  readonly localRules: readonly LocalRule[];
  readonly isAuthorised: (operator: string) => boolean;
  readonly cardAuthorities: ServicesConfig["cardAuthorities"];
} {
  const { authorisedOperators, localRules: rules, cardAuthorities, ...profile } = config;
  return { profile, localRules: rules, cardAuthorities, isAuthorised: (operator) => authorisedOperators.includes(operator) };
}
