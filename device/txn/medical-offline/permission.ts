/* Whether anything may be sold without the insurer here and now. Asked once, before a card is touched; what was begun is ended all the same. */
import type { OfflinePorts, OfflineReason, OfflineSaleRequest } from "./ports.ts";

type PermissionPorts = Pick<OfflinePorts, "region" | "exposure" | "permission" | "journal">;

/** Why not; empty where it may. */
export function offlineRefusal(ports: PermissionPorts, request: OfflineSaleRequest): { readonly refusal?: OfflineReason } {
  const refusal = reasonOf(ports, request);
  return refusal === undefined ? {} : { refusal };
}

function reasonOf({ region, exposure, permission, journal }: PermissionPorts, { amount, items, credential }: OfflineSaleRequest): OfflineReason | undefined {
  if (!region.offline.allowed || region.offline.choices.length === 0) return "offline-not-allowed";
  if (credential.kind !== "card") return "offline-needs-card";
  if (amount === 0 || items.length === 0) return "amount-zero";
  const { count, sumFen } = journal.unreceipted("offline-medical");
  const within = amount <= exposure.amountPerSaleFen && count < exposure.unreceiptedCount && sumFen + amount <= exposure.unreceiptedSumFen;
  return within ? permission.refusal() : "offline-limit";
}
