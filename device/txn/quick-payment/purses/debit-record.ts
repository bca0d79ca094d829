/* The members of a record that are alike for the purses whose debits the security module opens. Spec: pos/v1, 3. */
import { type Bytes, toHex } from "../../../base/bytes.ts";
import type { Fen } from "../../../base/fen.ts";
import type { JsonObject } from "../../journal/types.ts";

/** Everything that is known of one debit with MAC and TAC so far. */
export interface DebitRecord {
  /** 12 hexadecimal digits. */
  readonly terminalNumber: string;
  /** Sequence of the module: reserved at first, then the one it drew. */
  readonly terminalSequence: number;
  readonly date: string;
  readonly time: string;
  readonly type: number;
  /** Sequence of the card's newest purchase before this sale. */
  readonly logSequenceBefore: number | undefined;
  readonly opening: DebitOpening | undefined;
  readonly mac1?: Bytes;
  readonly mac2?: Bytes;
  readonly tac?: Bytes;
}

/** What the records keep of an answer to INITIALIZE. */
export interface DebitOpening {
  readonly cardSequence: number;
  readonly cardRandom: Bytes;
  readonly keyVersion: number;
  readonly algorithm: number;
  readonly balance: Fen;
}

function hexMember(name: "mac1" | "mac2" | "tac", bytes: Bytes | undefined): JsonObject {
  return bytes === undefined ? {} : { [name]: toHex(bytes) };
}

/** The whole input of the TAC, and what the card answered. */
export function debitMembers(debit: DebitRecord): JsonObject {
  const { opening } = debit;
  return {
    terminalNumber: debit.terminalNumber,
    terminalSeq: debit.terminalSequence,
    date: debit.date,
    time: debit.time,
    type: debit.type.toString(16).padStart(2, "0"),
    ...(debit.logSequenceBefore === undefined ? {} : { logSeqBefore: debit.logSequenceBefore }),
    ...(opening === undefined
      ? {}
      : {
          cardSeq: opening.cardSequence,
          cardRandom: toHex(opening.cardRandom),
          keyVersion: opening.keyVersion,
          algorithm: opening.algorithm,
          balanceBeforeFen: opening.balance,
        }),
    ...hexMember("mac1", debit.mac1),
    ...hexMember("mac2", debit.mac2),
    ...hexMember("tac", debit.tac),
  };
}
