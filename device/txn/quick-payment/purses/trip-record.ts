/*
 * What the records of a sale say of the industry records that its debit wrote, and what the card says of them afterwards. The intent is
 * durable before the balance is known, so that a power cut may leave it without them: then the card's own record, which names terminal and
 * time, tells them again. Spec: pos/v1, 3.
 */
import { fromHex, toHex } from "../../../base/bytes.ts";
import type { SaleEvidence } from "../../../card/purse/types.ts";
import type { CompoundUpdate } from "../../../card/transit/compound.ts";
import { lookForRecord, type ProveCompoundRequest, proveCompound, type RecordWitness } from "../../../card/transit/prove-compound.ts";
import type { TripFile } from "../../../card/transit/trip-file.ts";
import { textMember } from "../../journal/members.ts";
import type { JsonObject } from "../../journal/types.ts";
import type { RecordedSale } from "../record.ts";
import type { CardAccess, Proven } from "./dialogue.ts";

/** What was written, so that the trip can be told from the record alone: the first record in members of its own, the others in a list. */
export function updateMembers([first, ...others]: readonly CompoundUpdate[]): JsonObject {
  if (first === undefined) return {};
  const { file, by, record, data } = first;
  const one = { industryFile: file, industryRecord: record, industryBy: by, industryData: toHex(data) };
  return others.length === 0 ? one : { ...one, industryMore: others.map((each) => ({ ...each, data: toHex(each.data) })) };
}

export interface TripProof {
  readonly sale: RecordedSale;
  readonly request: Omit<ProveCompoundRequest, "witness">;
  readonly trips: TripFile;
}

/** The evidence of a compound sale, with the record that the journal has not seen. Faults: those of the channel. */
export async function proveTrip({ channel, limits }: CardAccess, { sale, request, trips }: TripProof): Promise<Proven> {
  const witness = witnessOf(sale, trips.witness(request.intent));
  const evidence = await proveCompound(channel, { ...request, ...(witness === undefined ? {} : { witness }) }, limits());
  if (evidence.kind !== "debited") return provenBy(evidence);
  const missing = witness !== undefined && textMember(sale.detail, "industryData") === "" ? witness : undefined;
  if (evidence.proof !== "record") {
    const proven = provenBy(evidence);
    if (missing === undefined) return proven;
    const seen = await lookForRecord(channel, missing, limits());
    return seen.kind === "found" ? { ...proven, detail: { ...proven.detail, ...updateMembers([{ ...place(missing), data: seen.data }]) } } : proven;
  }
  const { codes, record } = evidence;
  const written = missing === undefined ? {} : updateMembers([{ ...place(missing), data: record }]);
  if (codes === undefined) return { evidence: { kind: "debited", proof: "log-only" }, detail: written };
  return { evidence: { kind: "debited", proof: "log" }, detail: { ...codeMembers(codes), ...written }, code: codes.mac2 };
}

/** The trip record as a witness: only where one was to be written that names this sale. */
function witnessOf({ detail }: RecordedSale, trip: RecordWitness): RecordWitness | undefined {
  const data = textMember(detail, "industryData");
  if (data === "") return detail["tariff"] === undefined ? undefined : trip;
  return detail["industryFile"] === trip.file && trip.isThis(fromHex(data)) ? trip : undefined;
}

function place({ file, by, record }: RecordWitness): Omit<CompoundUpdate, "data"> {
  return { file, by, record };
}

/** What the log of the purse says of a sale. */
export function provenBy(evidence: SaleEvidence): Proven {
  switch (evidence.kind) {
    case "not-debited":
      return { evidence: { kind: "not-debited" }, detail: {} };
    case "undecidable":
      return { evidence: { kind: "undecidable", why: evidence.why }, detail: {} };
    case "debited":
      if (evidence.proof === "log-only") return { evidence: { kind: "debited", proof: "log-only" }, detail: {} };
      return { evidence: { kind: "debited", proof: "log" }, detail: codeMembers(evidence), code: evidence.mac2 };
  }
}

function codeMembers({ tac, mac2 }: { readonly tac: Uint8Array; readonly mac2: Uint8Array }): JsonObject {
  return { tac: toHex(tac), mac2: toHex(mac2) };
}
