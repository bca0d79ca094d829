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

/** The bank's acquirer. One message of ISO 8583, one reply; bodies are TPDU, header and message, without the length before them. */
export interface AcquirerHost {
  /** Never rejects: what the network does to us is a kind of reply. The request must not reach the acquirer after the limits have passed. */
  exchange(body: Bytes, limits: Limits): Promise<HostReply>;
}

/** The agency of human resources and social security. One request, one reply; bodies are JSON in UTF-8. Spec: agency/v1. */
export interface AgencyHost {
  /** Never rejects. The request must not reach the agency after the limits have passed. */
  exchange(body: Bytes, limits: Limits): Promise<HostReply>;
}

/** The way of records to the settlement host, as far as flows may know it. */
export interface Uplink {
  /** Whether the settlement host itself has been heard of lately; a broker alone does not count. */
  hostPresent(): boolean;
}

/** A document of the settlement host for this terminal: lists, permissions, tables. Signature, addressee and age were checked before it is handed over. */
export interface HostDocument {
  /** What it is about: "list/national", "list/province", "list/city", "lease", "fares", …; each stream is numbered by itself. */
  readonly stream: string;
  /** 1, 2, 3, … within its stream. */
  readonly sequence: number;
  /** Sequence of the version that it continues; 0: it stands alone. */
  readonly base: number;
  /** Host time at which it was true. */
  readonly issuedMs: number;
  readonly body: Bytes;
}

/** "taken": durable. "gap": it continues a version that is not here. A refusal says why, in kebab-case, and changes nothing. */
export type DocumentAnswer = { readonly kind: "taken" } | { readonly kind: "gap" } | { readonly kind: "refused"; readonly reason: string };

/** Whoever uses one stream. */
export interface DocumentTaker {
  readonly stream: string;
  /** Sequence of the newest version taken, also after a restart; 0: none. The host is told, so that it knows what to send. */
  have(): number;
  /** One at a time. Rejects only with faults of the disk, after which the same document comes again. */
  take(document: HostDocument): Promise<DocumentAnswer>;
}

/** Documents from the settlement host. */
export interface Downlink {
  /** Called before the sync starts; one taker for each stream. */
  register(taker: DocumentTaker): void;
}
