/* Commits as a pharmacy's or gate's sales make them, for benchmarks below the journal's logic: an intent, then its end. */
import { fen } from "../../device/base/fen.ts";
import type { StoreWrite } from "../../device/base/ports.ts";
import { canonicalJson } from "../../device/codec/json.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import { firstLink } from "../../device/txn/journal/chain.ts";
import { makeStored } from "../../device/txn/journal/entry.ts";
import { MARK_JOURNAL_ID, MARK_TERMINAL } from "../../device/txn/journal/opening.ts";
import { Sealing } from "../../device/txn/journal/sealing.ts";

export const BENCH_TERMINAL = "T-0001";
const JOURNAL_ID = "00112233445566778899aabbccddeeff";

/** What the quick payment's flow writes (docs/protocol.md, 3), with made-up values of the right lengths. */
const INTENT_DETAIL = {
  terminalNumber: "112233445566",
  terminalSeq: 123_456,
  date: "20260920",
  time: "221320",
  type: "06",
  cardSeq: 345,
  cardRandom: "a1b2c3d4",
  keyVersion: 1,
  algorithm: 4,
  balanceBeforeFen: 12_345,
};
const END_DETAIL = { ...INTENT_DETAIL, mac1: "01020304", mac2: "05060708", tac: "090a0b0c", proof: "psam" };
const PERSONAL = { cardSerial: "00112233445566778899", issuer: "0011223344556677" };

/** Makes the commits of one journal in order; real hashes, real sealing. */
export class SaleWrites {
  readonly #suite = openCipherSuite();
  readonly storageKey = this.#suite.secretKey(new Uint8Array(16).fill(7));
  readonly #sealing = new Sealing(this.#suite, this.storageKey, systemRandomness());
  #hash = firstLink(this.#suite, { terminalId: BENCH_TERMINAL, journalId: JOURNAL_ID });
  #seq = 0;

  /** The journal's own marks, for a database that the journal shall open afterwards. */
  identity(): StoreWrite {
    return {
      marks: [
        { name: MARK_JOURNAL_ID, value: JOURNAL_ID },
        { name: MARK_TERMINAL, value: BENCH_TERMINAL },
        { name: "journal/key-check", value: this.#sealing.keyCheck },
        { name: "journal/boot", value: "1" },
      ],
    };
  }

  /** The two commits of one sale. */
  sale(): readonly [StoreWrite, StoreWrite] {
    const firstSeq = this.#seq + 1;
    return [this.#write(firstSeq, "prepared"), this.#write(firstSeq, "done")];
  }

  #write(firstSeq: number, state: "prepared" | "done"): StoreWrite {
    this.#seq += 1;
    const subject = `${JOURNAL_ID}-${firstSeq}`;
    const cardKey = this.#sealing.cardKey(String(firstSeq % 997));
    const stored = makeStored({ suite: this.#suite, sealing: this.#sealing, journalId: JOURNAL_ID }, this.#hash, {
      seq: this.#seq,
      subject,
      kind: "quick-payment",
      state,
      amount: fen(450),
      boot: 1,
      wallMs: 1_790_000_000_000 + this.#seq,
      monotonicMs: this.#seq,
      cardKey,
      detail: state === "prepared" ? INTENT_DETAIL : END_DETAIL,
      personal: PERSONAL,
    });
    this.#hash = stored.hash;
    return { entries: [stored], subjects: [{ subject, kind: "quick-payment", state, firstSeq, lastSeq: this.#seq, amountFen: 450, cardKey }] };
  }
}

/** Bytes of one commit's texts, for a floor that writes as much. */
export function writeBytes(write: StoreWrite): number {
  return (write.entries ?? []).reduce(
    (sum, entry) => sum + entry.body.length + (entry.sealed?.length ?? 0) + entry.hash.length / 2,
    canonicalJson(write.subjects ?? []).length,
  );
}
