/* Identity credential (身份凭证): an authentic card, and its holder where the PIN is asked for, as a signed statement. */
import { toHex, utf8 } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardSignatureAnswer } from "../../card/social/card-signature.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import { civilTime } from "../../codec/civil-time.ts";
import { maskedName, maskedNumber } from "../receipts/masking.ts";
import type { CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import type { ServedCard, ServiceDesk } from "./desk.ts";
import { refuseCard } from "./refusals.ts";
import { type IdentityStatement, type StatementMethod, signStatement } from "./statement.ts";

const HASH_BYTES = 16;

export function identify(desk: ServiceDesk, request: Extract<CardServiceRequest, { service: "identify" }>, limits: Limits): Promise<CardServiceOutcome> {
  return desk.withCard({ operator: request.operator, mayTrade: true }, limits, async (served) => {
    const signature = await signatureOf(desk, served, limits);
    if (signature?.kind === "not-authentic") {
      desk.ports.log.warn("card-signature-refused", { why: signature.why });
      return refuseCard(signature.why === "certificate-not-valid-today" ? "expired" : "not-genuine");
    }
    const refused = request.withPin ? await desk.verifyPin(served, limits, true) : undefined;
    return refused ?? stated(desk, served, { withPin: request.withPin, bySignature: signature?.kind === "authentic", challenge: request.challenge ?? "" });
  });
}

/** Only a card that keeps its holder's file shut may have certificates: older ones are not asked. */
async function signatureOf(desk: ServiceDesk, { channel, card }: ServedCard, { signal }: Limits): Promise<CardSignatureAnswer | undefined> {
  const { cardSignature, clock } = desk.ports;
  if (cardSignature === undefined || card.generation !== 3) return undefined;
  const { cardIdentifier } = card;
  return cardSignature.prove(channel, { cardIdentifier, today: civilTime(clock.wallMs()).date }, desk.commandLimits(signal));
}

function stated(
  desk: ServiceDesk,
  { card }: ServedCard,
  proved: { readonly withPin: boolean; readonly bySignature: boolean; readonly challenge: string },
): CardServiceOutcome {
  const { journal, place, timekeeper, suite, signing } = desk.ports;
  const methods: readonly StatementMethod[] = [
    "internal-authentication",
    ...(proved.bySignature ? (["sm2-card-signature"] as const) : []),
    ...(card.generation === 3 ? (["holder-file-by-terminal-proof"] as const) : []),
    ...(proved.withPin ? (["card-pin"] as const) : []),
  ];
  const statement: IdentityStatement = {
    terminal: journal.terminalId,
    institution: place.institutionName,
    at: timekeeper.reading(0),
    card: cardName(desk, card),
    methods,
    challenge: proved.challenge,
  };
  const { cardNumber, holder } = card;
  const shown = { cardNumber: maskedNumber(cardNumber), name: maskedName(holder.name), holderVerified: proved.withPin, methods };
  return { kind: "done", output: { ...shown, ...signStatement(statement, { suite, signing }), equalsIdentityCard: desk.ports.profile.cardEqualsIdCard } };
}

function cardName({ ports }: ServiceDesk, { cardIdentifier, cardNumber }: SocialIdentity): IdentityStatement["card"] {
  const { suite, storageKey, profile } = ports;
  if (profile.statementCard === "number") return { kind: "number", value: cardNumber };
  const hash = suite.hmacSm3(storageKey, utf8(`yikatong identity statement ${cardIdentifier}`)).slice(0, HASH_BYTES);
  return { kind: "keyed-hash", value: toHex(hash) };
}
