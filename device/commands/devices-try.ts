/*
 * `yikatong devices try <role>`: one device of the configuration does one thing that can be seen and harms nobody. It says what came of it, and
 * never what was entered or scanned.
 */
import { saidFor } from "../api/messages.ts";
import { type Bytes, fromHex, parseHex, toHex } from "../base/bytes.ts";
import { type Fault, isFault } from "../base/fault.ts";
import { fen, formatYuan } from "../base/fen.ts";
import type { Limits } from "../base/ports.ts";
import { surveyCard } from "../card/applications/survey.ts";
import { openPsam } from "../card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../card/purse/commands.ts";
import { classifyCode, type ScannedKind } from "../codec/scanned-code.ts";
import type { TerminalConfig } from "../config/schema.ts";
import type { Role, Roles } from "../drivers/adapter.ts";
import { openLines } from "../drivers/lines.ts";
import { openPcsc } from "../drivers/pcsc/open.ts";
import type { PassageDirection, PrintLine } from "../drivers/peripherals.ts";
import { openRole } from "../drivers/roles.ts";
import type { OptionValues } from "../system/command-line.ts";
import type { Machine } from "./devices-look.ts";
import { configIn, onMachine } from "./devices-machine.ts";
import { complain, say } from "./output.ts";

interface Try {
  readonly config: TerminalConfig;
  readonly machine: Machine;
  readonly values: OptionValues;
  readonly limits: Limits;
}

/** What came of it, in English and Chinese; `well` says whether the device did what was asked. */
interface Outcome {
  readonly well: boolean;
  readonly en: string;
  readonly zh: string;
}

const OPEN_MS = 5_000;
const LOOK_AGAIN_MS = 100;
/** A person has so long to type a PIN, hold a code or present a card. */
const PERSON_MS = 60_000;
const PASSAGE_MS = 10_000;
const SHOWN_MS = 3_000;
const SHOWN = fen(123_456);
/** Twelve digits of no account. */
const ACCOUNT_TAIL = fromHex("123456789012");
const PIN_DIGITS = 6;

const outcome = (well: boolean, en: string, zh: string): Outcome => ({ well, en, zh });

/** Runs work with the device of a role, as soon as it is there. */
async function withRole<Wanted extends Role>(role: Wanted, all: Try, work: (device: Roles[Wanted]) => Promise<Outcome>): Promise<Outcome> {
  const settings = all.config.devices[role];
  return settings === undefined ? outcome(false, `the configuration has no ${role}`, "未配置该设备") : withDevice({ role, settings }, all, work);
}

/** Runs work with this device, as soon as it is there. */
async function withDevice<Wanted extends Role>(
  { role, settings }: { readonly role: Wanted; readonly settings: { readonly adapter: string } },
  { machine, limits }: Try,
  work: (device: Roles[Wanted]) => Promise<Outcome>,
): Promise<Outcome> {
  const device = openRole(role, settings, { ...machine, lines: openLines(machine) });
  const { clock } = machine;
  const untilMs = clock.monotonicMs() + OPEN_MS;
  try {
    while ((await device.health({ ...limits, timeoutMs: OPEN_MS })).kind === "away" && clock.monotonicMs() < untilMs)
      await clock.sleep(LOOK_AGAIN_MS, limits.signal);
    return await work(device);
  } finally {
    await device.close();
  }
}

/** A PIN block needs a working key, which a pad is given at each sign-in; here it can be given by hand, wrapped as it came. */
async function giveWorkKey(pad: Roles["pinPad"], { config, values, limits }: Try): Promise<Outcome | undefined> {
  const settings = config.devices.pinPad;
  const text = values["work-key"];
  if (typeof text !== "string" || settings === undefined) return undefined;
  const [wrappedText = "", checkText] = text.split("/");
  const [wrapped, checkValue] = [parseHex(wrappedText), checkText === undefined ? undefined : parseHex(checkText)];
  if (wrapped === undefined || wrapped.length === 0)
    return outcome(false, "--work-key is the wrapped key in hexadecimal, with /check value where the pad gives none", "工作密钥格式错误");
  const algorithm = "algorithm" in settings ? settings.algorithm : "3des";
  await pad.loadWorkKey({ place: settings.pinKey, algorithm, wrapped, ...(checkValue === undefined ? {} : { checkValue }) }, limits);
  return undefined;
}

function tryPinPad(all: Try): Promise<Outcome> {
  return withRole("pinPad", all, async (pad) => {
    const refused = await giveWorkKey(pad, all);
    if (refused !== undefined) return refused;
    complain("the pad asks for a PIN of six digits; type any / 请在密码键盘输入任意六位数字");
    const asked = await pad.requestPinBlock({ accountTail: ACCOUNT_TAIL, minDigits: PIN_DIGITS, maxDigits: PIN_DIGITS }, all.limits);
    if (asked.kind === "entered") return outcome(true, "entered", "已输入");
    return asked.kind === "cancelled" ? outcome(true, "cancelled", "已取消") : outcome(true, "timed out", "输入超时");
  });
}

const SCANNED: Readonly<Record<ScannedKind["kind"], readonly [string, string]>> = {
  "medical-e-code": ["a medical e-code (its digits stay here)", "医保电子凭证"],
  "trace-code": ["a drug trace code", "药品追溯码"],
  gs1: ["a code with GS1 identifiers", "GS1 码"],
  unknown: ["a code of no kind that is known here", "未知条码"],
};

function tryScanner(all: Try): Promise<Outcome> {
  return withRole("scanner", all, async (scanner) => {
    const session = scanner.openSession();
    complain("hold any code before the scanner / 请扫描任意条码");
    const { data, symbology } = await session.next(all.limits);
    const [en, zh] = SCANNED[classifyCode(data, symbology).kind];
    return outcome(true, `${en}, ${data.length} characters${symbology === undefined ? "" : `, ${symbology}`}`, zh);
  });
}

const SLIP: readonly PrintLine[] = [
  { kind: "text", text: "打印测试", align: "center", bold: true, scale: 2 },
  { kind: "text", text: "社会保障卡一卡通终端" },
  { kind: "columns", left: "金额", right: "1234.56 元" },
  { kind: "rule" },
  { kind: "text", text: "Test slip. Nothing was paid." },
  { kind: "feed", lines: 3 },
  { kind: "cut" },
];

function tryPrinter(all: Try): Promise<Outcome> {
  return withRole("printer", all, async (printer) => {
    const printed = await printer.print(SLIP, all.limits);
    if (printed.kind === "printed") return outcome(true, "printed: the slip must show Chinese characters", "已打印，请核对中文");
    return printed.kind === "not-ready"
      ? outcome(false, `not ready: ${printed.state}`, "打印机未就绪")
      : outcome(false, "the printer went away while it printed", "打印中断");
  });
}

function tryDisplay(all: Try): Promise<Outcome> {
  return withRole("display", all, async (display) => {
    await display.show("price", SHOWN, all.limits);
    complain("the display shows 1234.56 / 客显屏显示 1234.56");
    await all.machine.clock.sleep(SHOWN_MS, all.limits.signal);
    await display.clear(all.limits);
    return outcome(true, "shown, and cleared; such a display never answers, so somebody must have seen it", "已显示并清屏，请目视确认");
  });
}

const PASSAGES = {
  passed: [true, "somebody passed", "已通过"],
  timeout: [true, "nobody passed, or the gate cannot tell", "无人通过或无法检测"],
  reversed: [true, "somebody went in and came back", "反向退出"],
  fault: [false, "the gate says it cannot", "闸机故障"],
} as const;

/** The gate of a lane, or the one that stands under the devices; opened in the direction in which people pass there. */
function gateOf({ config, values }: Try): { readonly settings: { readonly adapter: string } | undefined; readonly direction: PassageDirection } {
  const { lane: name } = values;
  if (typeof name !== "string") return { settings: config.devices.gate, direction: "entry" };
  const lane = config.gate?.lanes.find((each) => each.name === name);
  return { settings: lane?.device, direction: lane?.direction ?? "entry" };
}

function tryGate(all: Try): Promise<Outcome> {
  const { settings, direction } = gateOf(all);
  const lanes = all.config.gate?.lanes.map(({ name }) => name) ?? [];
  if (settings === undefined) {
    const names = lanes.length === 0 ? "" : `; its lanes are ${lanes.join(", ")}: say --lane NAME`;
    return Promise.resolve(outcome(false, `the configuration has no such gate${names}`, "未配置该闸机"));
  }
  if (all.values["yes"] !== true)
    return Promise.resolve(outcome(false, `this opens the gate once for an ${direction}; say --yes`, "将开闸一次，请加 --yes 确认"));
  return withDevice({ role: "gate", settings }, all, async (gate) => {
    complain(`the gate opens once for an ${direction} / 闸机开启一次`);
    const [well, en, zh] = PASSAGES[await gate.open(direction, { passageTimeoutMs: PASSAGE_MS }, { ...all.limits, timeoutMs: OPEN_MS })];
    return outcome(well, en, zh);
  });
}

/** More than anybody types to try. */
const TRY_AMOUNT_MAX = fen(99_999_99);

function tryKeypad(all: Try): Promise<Outcome> {
  return withRole("keypad", all, async (keypad) => {
    complain("type any amount and press Enter / 请输入任意金额并按确认键");
    const typed = await keypad.readAmount({ typed: "yuan", amountMax: TRY_AMOUNT_MAX }, all.limits);
    return typed.kind === "entered"
      ? outcome(true, `typed: ${formatYuan(typed.amount)}`, `已输入 ${formatYuan(typed.amount)}`)
      : outcome(true, "cancelled", "已取消");
  });
}

const KINDS: Readonly<Record<string, string>> = { social: "社会保障", transit: "交通", purse: "电子钱包", "electronic-cash": "电子现金" };

async function tryUserReader({ config, machine, limits }: Try): Promise<Outcome> {
  const pcsc = openPcsc(machine);
  try {
    const reader = pcsc.reader(config.readers.user);
    complain("present any card / 请刷卡或插卡");
    const channel = await reader.waitForCard(limits);
    const surveyed = await surveyCard(
      channel,
      {
        wanted: ["social", "purse", "transit", "electronic-cash"],
        depth: "all",
        interface: reader.interface,
        profile: config.cardProfile,
        purseApplications: DEFAULT_PURSE_APPLICATIONS,
      },
      { ...limits, timeoutMs: OPEN_MS },
    );
    await channel.close();
    if (surveyed.kind === "refused") {
      const said = saidFor(surveyed.reason);
      return outcome(true, `a card of no use here: ${surveyed.reason}. ${said?.en ?? ""}`.trim(), said?.zh ?? "此卡不可用");
    }
    const kinds = [...new Set(surveyed.applications.flatMap((application) => application.kinds))];
    return outcome(true, `a card with ${kinds.join(", ")}`, kinds.map((kind) => KINDS[kind] ?? kind).join("、"));
  } finally {
    await pcsc.close();
  }
}

async function trySam({ config, machine, limits }: Try): Promise<Outcome> {
  const pcsc = openPcsc(machine);
  try {
    const module = await openPsam(pcsc.reader(config.readers.sam), { clock: machine.clock, profile: config.cardProfile }, { ...limits, timeoutMs: OPEN_MS });
    const number: Bytes = module.terminalNumber;
    await module.close();
    return outcome(true, `the module answers; its terminal number is ${toHex(number)}`, `安全模块正常，终端机编号 ${toHex(number)}`);
  } finally {
    await pcsc.close();
  }
}

const TRIES: ReadonlyMap<string, (all: Try) => Promise<Outcome>> = new Map([
  ["pinPad", tryPinPad],
  ["scanner", tryScanner],
  ["printer", tryPrinter],
  ["display", tryDisplay],
  ["gate", tryGate],
  ["keypad", tryKeypad],
  ["userReader", tryUserReader],
  ["sam", trySam],
]);

function faultOutcome(fault: Fault): Outcome {
  const said = saidFor(fault.code);
  const hint = fault.code === "key-missing" ? " A pad gets its working key at sign-in; --work-key gives one by hand." : "";
  return outcome(false, `${fault.code}: ${said?.en ?? fault.message}${hint}`, said?.zh ?? "");
}

export function runTry(values: OptionValues, [role = ""]: readonly string[]): Promise<number> {
  return onMachine(values, async (machine) => {
    const work = TRIES.get(role);
    if (work === undefined) {
      complain(`which role? ${[...TRIES.keys()].join(", ")}`);
      return 2;
    }
    const config = await configIn(String(values["config"]), machine);
    if (config === undefined) return 1;
    const all = { config, machine, values, limits: { timeoutMs: PERSON_MS, signal: machine.signal } };
    const result = await work(all).catch((fault: unknown) => {
      if (isFault(fault) && fault.code !== "cancelled") return faultOutcome(fault);
      throw fault;
    });
    const { well, en, zh } = result;
    say(values["json"] === true ? JSON.stringify({ role, well, says: { en, zh } }) : `${role}: ${en}\n${role}: ${zh}`);
    return well ? 0 : 1;
  });
}
