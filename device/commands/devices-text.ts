/* What `yikatong devices` prints for people: tables in English, with the Chinese name of each role. */
import { withoutSecrets } from "../config/secrets.ts";
import type { Found } from "../drivers/found.ts";
import type { Judged, Loss } from "../drivers/inventory/propose.ts";
import type { ListedReader } from "../drivers/pcsc/list.ts";
import { guessReader } from "../drivers/pcsc/reader-roles.ts";
import type { AnyRole, Look, RoleReport, RoleState } from "./devices-look.ts";

export const ROLE_NAMES: Readonly<Record<AnyRole, string>> = {
  pinPad: "pinPad 密码键盘",
  scanner: "scanner 扫码器",
  printer: "printer 打印机",
  display: "display 客显屏",
  gate: "gate 闸机",
  keypad: "keypad 金额键盘",
  user: "user 用户读卡器",
  sam: "sam 安全模块",
};

const STATE_NAMES: Readonly<Record<RoleState, string>> = {
  well: "well 正常",
  degraded: "degraded 需检查",
  away: "AWAY 未连接",
  broken: "BROKEN 故障",
  "in-use": "in use 使用中",
};

const HOLDS: Readonly<Record<ListedReader["holds"], string>> = {
  card: "something lies in it",
  nothing: "empty",
  mute: "what lies in it does not answer, or the slot is empty",
  unavailable: "the service cannot use it",
};

/** Chinese characters take two places on a screen. */
function width(text: string): number {
  return Array.from(text, (character) => (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/.test(character) ? 2 : 1)).reduce(
    (total: number, each) => total + each,
    0,
  );
}

/** Rows with their columns under each other; the last column is as long as it is. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(0, ...rows.map((row) => width(row[at] ?? ""))));
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell + " ".repeat((widths[at] ?? 0) - width(cell)))).join("  ");
  return rows.map((row) => `  ${line(row)}`.trimEnd()).join("\n");
}

/** What a device says of itself must not move the cursor of whoever reads it. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "?");
}

function hex(value: number): string {
  return value.toString(16).padStart(4, "0");
}

function kindOf(found: Found): string {
  if (found.kind === "gpio") return "GPIO chip";
  return found.kind === "hid" ? "HID device" : "serial port";
}

/** Where it is, and what it says of itself. */
export function placeOf(found: Found): string {
  if (found.kind === "gpio") return printable(`${found.chip} [${found.label}]`);
  const { usb, path, node } = found;
  const words = [usb?.manufacturer, usb?.product].filter((word) => word !== undefined).join(" ");
  const identity = usb === undefined ? [] : [`${hex(usb.vendorId)}:${hex(usb.productId)}${words === "" ? "" : ` ${words}`}`];
  return printable([path, ...(path === node ? [] : [`-> ${node}`]), ...identity].join(" "));
}

function judgedRow({ found, taken }: Judged): readonly string[] {
  const held = found.kind === "gpio" || found.heldBy === undefined ? "" : `; ${found.heldBy} has it open`;
  const as = taken.as === undefined ? "cannot be told" : `${ROLE_NAMES[taken.as.role]}: ${taken.as.family}`;
  return [kindOf(found), placeOf(found), as, `${taken.why}${held}`];
}

function readerRow({ name, holds }: ListedReader): readonly string[] {
  const guess = guessReader(name);
  const module = guess?.module === undefined ? "" : ` ${guess.module}`;
  const as = guess === undefined ? "cannot be told" : guess.interface === "sam" ? `${ROLE_NAMES.sam}: slot${module}` : `${ROLE_NAMES.user}: ${guess.interface}`;
  return ["card reader", printable(name), as, `${guess?.why ?? "its name tells nothing"}; ${HOLDS[holds]}`];
}

export function lookText({ readers, problems }: Look, judged: readonly Judged[]): string {
  const rows = [...readers.map(readerRow), ...judged.map(judgedRow)];
  const list = rows.length === 0 ? "  nothing" : table([["WHAT", "WHERE", "TAKEN FOR", "WHY"], ...rows]);
  return ["plugged in:", list, ...problems.map((problem) => `not looked at: ${problem}`)].join("\n");
}

export function rolesText(reports: readonly RoleReport[]): string {
  const rows = reports.map(({ role, adapter, where, state, why }) => [ROLE_NAMES[role], adapter, where, STATE_NAMES[state], why ?? ""]);
  return ["configured:", table([["ROLE", "BY", "WHERE", "STATE", "WHY"], ...rows])].join("\n");
}

/** Each value with the names that lead to it. */
function leaves(value: unknown, place: readonly string[] = []): readonly string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${place.join(".")} ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([member, held]) => leaves(held, [...place, member]));
}

/** What goes with a family, to be written down or written anew. */
export function lossText({ role, family, settings }: Loss): string {
  return `${role}: for ${family} the configuration said ${leaves(withoutSecrets(settings)).join(", ")}`;
}
