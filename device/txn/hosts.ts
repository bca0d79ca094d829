/* What the flows need from the world beyond the network. sync/ implements it; flows know nothing of sync. */
import type { Bytes } from "../base/bytes.ts";
import type { FaultCode } from "../base/fault.ts";
import type { Limits } from "../base/ports.ts";

export type HostReply =
  /** The host's own reply, whatever it says. */
  | { readonly kind: "answered"; readonly body: Bytes }
  /** Certain: the host never got it and never will (expired before sending, or refused by the head-end as late). */
  | { readonly kind: "not-sent"; readonly reason: FaultCode | "expired" }
  /** Sent, or perhaps sent, and not answered in time: it may have booked or may still book. */
  | { readonly kind: "unknown"; readonly reason: FaultCode };

/** The medical-insurance host (FSI). One request, one reply; bodies are the FSI JSON envelope in UTF-8. */
export interface MedicalHost {
  /** Never rejects: what the network does to us is a kind of reply. The request must not reach the host after the limits have passed. */
  exchange(body: Bytes, limits: Limits): Promise<HostReply>;
}

/** The way of records to the settlement host, as far as flows may know it. */
export interface Uplink {
  /** Whether the settlement host itself has been heard of lately; a broker alone does not count. */
  hostPresent(): boolean;
}
