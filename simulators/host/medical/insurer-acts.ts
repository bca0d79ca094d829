/* What people do in the insurer's own client, past every counter: void a settlement, book one that no counter has sent. */
import { civilTime } from "../../../device/codec/civil-time.ts";
import type { Settlement } from "./insurer-ledger.ts";
import type { ServiceContext } from "./service.ts";

/** A message number of the insurer's own client: no counter's, and of no counter's form of serial. */
function clientMsgid(context: ServiceContext, institution: string): string {
  const { compact } = civilTime(context.clock.wallMs());
  return `${institution}${compact}${`Z${String(context.ledger.next("client-message")).padStart(3, "0")}`.slice(-4)}`;
}

/** Voids a settlement as its institution's own message would; answers whether it stood. */
export function voidAtHost(context: ServiceContext, settlementId: string): boolean {
  const entry = context.ledger.settlement(settlementId);
  if (entry === undefined || entry.status !== "booked") return false;
  context.ledger.takeBack(entry, { status: "voided", msgid: clientMsgid(context, entry.institution), atMs: context.clock.wallMs() });
  return true;
}

/** A booking for the same institution, holder and group as a known one, that no counter has sent: all of it the holder's cash. */
export function bookForeign(context: ServiceContext, like: Settlement, totalFen: bigint): Settlement | undefined {
  const { ledger, clock } = context;
  const number = String(ledger.next("settlement")).padStart(12, "0");
  ledger.book({
    ...like,
    settlementId: `S${number}`,
    visitId: `V${number}`,
    msgid: clientMsgid(context, like.institution),
    totalFen,
    fundFen: 0n,
    accountFen: 0n,
    mutualAidFen: 0n,
    cashFen: totalFen,
    deductibleFen: 0n,
    bookedAtMs: clock.wallMs(),
    lines: "[]",
    credential: "",
    figures: "{}",
  });
  return ledger.settlement(`S${number}`);
}
