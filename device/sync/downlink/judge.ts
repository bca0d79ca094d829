/*
 * Goal: an old document never takes a newer one back, two documents of one number are never both believed, and nothing is fetched that cannot be used.
 * Method: one pure decision over what is known of the stream and what the head says; whoever acts on it only stores and counts.
 */
import type { DocumentHead } from "../../codec/downlink.ts";

/** What became of the newest document of a stream that was looked at. */
export type Outcome =
  | { readonly is: "fetching" }
  | { readonly is: "taken" }
  /** It continues a version that is not here, as its taker said. */
  | { readonly is: "gap" }
  | { readonly is: "refused"; readonly reason: string };

/** The newest document of a stream that was looked at, durable. */
export interface Mark {
  readonly sequence: number;
  /** Hash of what makes it this document. */
  readonly digest: string;
  readonly outcome: Outcome;
}

export interface Known {
  /** Newest version that the taker has. */
  readonly have: number;
  readonly mark: Mark | undefined;
  /** The document that the mark speaks of is whole and being handed over. */
  readonly handing: boolean;
  /** The taker could not use a continuation. */
  readonly wholeWanted: boolean;
  /** Host time, if the host was heard. */
  readonly hostNowMs: number | undefined;
  readonly sizeMax: number;
  /** Bytes of the disk that are free for this stream's next document. */
  readonly roomBytes: number;
}

export interface Offered {
  readonly head: DocumentHead;
  readonly digest: string;
  /** Bytes that its parts may take on the disk. */
  readonly diskBytes: number;
}

export type Verdict =
  /** Begin to fetch it; what was being fetched before is dropped. */
  | { readonly do: "fetch" }
  /** The same as is being fetched: perhaps under another key of the terminal. */
  | { readonly do: "same" }
  /** Nothing to do: it was looked at already, or is older than what is here. */
  | { readonly do: "ignore"; readonly why: "old" | "settled" | "gap" | "busy" | "clock-unknown" | "no-room" }
  /** Authentic and not to be used; the host is told. */
  | { readonly do: "refuse"; readonly reason: "equivocation" | "too-large" | "expired" };

/** Decides about a head whose signature and addressee are right. */
export function judgeHead(known: Known, offered: Offered): Verdict {
  const { mark } = known;
  const { head } = offered;
  if (mark?.sequence === head.sequence) {
    if (mark.digest !== offered.digest) return { do: "refuse", reason: "equivocation" };
    if (mark.outcome.is === "fetching") return known.handing ? { do: "ignore", why: "busy" } : { do: "same" };
    if (mark.outcome.is === "refused") return { do: "ignore", why: "settled" };
  }
  if (head.sequence <= known.have) return { do: "ignore", why: "old" };
  // What was taken may be gone again (its taker lost its disk): then anything newer than what is here helps.
  if (mark !== undefined && head.sequence < mark.sequence && mark.outcome.is !== "taken" && mark.outcome.is !== "gap") return { do: "ignore", why: "old" };
  return known.handing ? { do: "ignore", why: "busy" } : judgeUse(known, offered);
}

function judgeUse(known: Known, { head, diskBytes }: Offered): Verdict {
  const { hostNowMs } = known;
  if (head.base !== 0 && (head.base !== known.have || known.wholeWanted)) return { do: "ignore", why: "gap" };
  if (head.size > known.sizeMax) return { do: "refuse", reason: "too-large" };
  if (hostNowMs === undefined) return { do: "ignore", why: "clock-unknown" };
  if (hostNowMs > head.notAfterMs) return { do: "refuse", reason: "expired" };
  return diskBytes > known.roomBytes ? { do: "ignore", why: "no-room" } : { do: "fetch" };
}
