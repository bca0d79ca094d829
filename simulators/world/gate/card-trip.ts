/*
 * The trip that stands in an industry record of a card's electronic cash, as the texts have it: read here by places of its bytes, so that the
 * terminal's own reader and the world's cannot share a mistake. Spec: JT/T 978, EF1E.
 */
import type { SimulatedCard } from "../../card/card.ts";
import type { ElectronicCashMemory, IndustryRecord } from "../../card/electronic-cash/state.ts";

export interface WrittenTrip {
  /** 12 hexadecimal digits. */
  readonly terminalNumber: string;
  readonly place: string;
  readonly amountFen: number;
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
}

/** Where the trip begins: behind the record's identifier. */
const HEAD = 2;

export function industryRecordOf(memory: ElectronicCashMemory | undefined, recordId: string): IndustryRecord | undefined {
  return memory?.industry.find(({ id }) => id === recordId);
}

/** Undefined for a card without this record. */
export function writtenTrip(card: SimulatedCard, recordId: string): WrittenTrip | undefined {
  const record = industryRecordOf(card.toSnapshot().memory.electronicCash, recordId);
  return record === undefined ? undefined : tripIn(record);
}

export function tripIn({ contentHex }: IndustryRecord): WrittenTrip {
  const bytes = (from: number, length: number) => contentHex.slice(2 * (HEAD + from), 2 * (HEAD + from + length));
  return {
    // Eight bytes, of which a terminal number fills the last six.
    terminalNumber: bytes(3, 6),
    place: bytes(10, 4),
    amountFen: Number.parseInt(bytes(17, 4), 16),
    date: bytes(25, 4),
    time: bytes(29, 3),
  };
}
