/* A journal entry as a checker reads it off the disk: from the stored text, without the journal's own reader. */
import type { StoredEntry } from "../../../device/base/ports.ts";
import { promised } from "./violation.ts";

export interface DurableEntry {
  readonly seq: number;
  readonly subject: string;
  readonly kind: string;
  readonly state: string;
  readonly amountFen: number;
  /** The terminal's own time of it; undefined where the record bears none. */
  readonly wallMs?: number | undefined;
  readonly reference: string | undefined;
  readonly msgid: string | undefined;
  /** The module's number, by which a sale is named beside its time. */
  readonly terminalNumber: string | undefined;
  /** Of an opening of a gate: the sale that it is for, and the lane. */
  readonly sale: string | undefined;
  readonly lane: string | undefined;
  /** Of a refund: the sale that it is of. */
  readonly original: string | undefined;
  /** What a sale of electronic cash does with an industry record, and the amount that it sets aside. */
  readonly industryUse: string | undefined;
  readonly heldFen: number | undefined;
  /** What it is for was had before it: an exit, the end of a held amount. */
  readonly owed?: boolean;
  /** Of a ride that is charged later: whether this terminal has never charged the card before. */
  readonly firstUse: boolean;
  /** The purse that a quick payment is paid from. */
  readonly purse: string;
  /** Terminal number, date and time of a sale, with electronic cash random number and date: its name on the card. */
  readonly saleName: string | undefined;
  readonly date: string | undefined;
  readonly time: string | undefined;
}

export interface NamedOnCard {
  readonly terminalNumber: string;
  readonly date: string;
  readonly time: string;
  readonly unpredictableNumber?: string | undefined;
}

/** What names one sale on its card. Electronic cash keeps the terminal's random number in the place of terminal and time. */
export function saleName({ terminalNumber, date, time, unpredictableNumber }: NamedOnCard): string {
  return unpredictableNumber === undefined ? `${terminalNumber}/${date}/${time}` : `cash ${unpredictableNumber}/${date}`;
}

function text(detail: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = detail[name];
  return typeof value === "string" ? value : undefined;
}

/** Whether a member of any part of a record is true. */
function nested(detail: Readonly<Record<string, unknown>>, name: string): boolean {
  return Object.values(detail).some((part) => typeof part === "object" && part !== null && (part as Readonly<Record<string, unknown>>)[name] === true);
}

export function readDurable(stored: StoredEntry): DurableEntry {
  const body = JSON.parse(stored.body) as Readonly<Record<string, unknown>>;
  const { amountFen, wallMs } = body;
  promised(5, body["seq"] === stored.seq && typeof amountFen === "number", () => `entry ${stored.seq} is not what its row says`);
  const detail = (body["detail"] ?? {}) as Readonly<Record<string, unknown>>;
  const [terminalNumber, date, time] = [text(detail, "terminalNumber"), text(detail, "date"), text(detail, "time")];
  const named = terminalNumber !== undefined && date !== undefined && time !== undefined;
  return {
    seq: stored.seq,
    subject: stored.subject,
    kind: stored.kind,
    state: stored.state,
    amountFen,
    wallMs: typeof wallMs === "number" ? wallMs : undefined,
    reference: text(detail, "reference"),
    msgid: text(detail, "msgid"),
    terminalNumber,
    sale: text(detail, "sale"),
    lane: text(detail, "lane"),
    original: text(detail, "original"),
    industryUse: text(detail, "industryUse"),
    heldFen: typeof detail["heldFen"] === "number" ? detail["heldFen"] : undefined,
    firstUse: detail["firstUse"] === true,
    owed: detail["owed"] === true || nested(detail, "owed"),
    date,
    time,
    purse: text(detail, "purse") ?? "e-purse",
    saleName: named ? saleName({ terminalNumber, date, time, unpredictableNumber: text(detail, "unpredictableNumber") }) : undefined,
  };
}
