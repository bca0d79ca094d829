/* Control lines: what a person at the table, or a program, does with cards and readers while the simulators run. */
import { assert } from "../../device/base/assert.ts";
import { fen, formatYuan } from "../../device/base/fen.ts";
import type { ReplayedCard } from "../card/replay/replayed-card.ts";
import type { CardDebit } from "../card/state.ts";
import { topUp } from "../card/top-up.ts";
import { ScriptedHolder } from "../pinpad/holder.ts";
import type { SlotPlan } from "../reader/slot.ts";
import { faultsShown, parseCardFaults, parseModuleFaults, readTearPlace } from "./sim-faults.ts";
import { KEYPAD_ACTS, type KeypadAct } from "./sim-options.ts";
import type { Place, Stand } from "./sim-stand.ts";

/** What came of a control line. `text` is for people, `facts` for programs. */
export type LineReply =
  | { readonly kind: "done"; readonly text: string; readonly facts?: Readonly<Record<string, unknown>> }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "end" };

interface LineContext {
  readonly stand: Stand;
  readonly place: Place;
  /** Words behind the command. */
  readonly words: readonly string[];
}

interface LineCommand {
  readonly usage: string;
  readonly meaning: string;
  readonly wordsMax: number;
  /** What is wrong with the words, before anything is done: for lines that are written down beforehand. */
  readonly check?: (words: readonly string[]) => string | undefined;
  readonly run: (context: LineContext) => LineReply | Promise<LineReply>;
}

export const LINE_LENGTH_MAX = 1024;
const LOAD_MAX_FEN = 999_999_999;
const BALANCE_MAX_FEN = 0x7fff_ffff;
const SHOWN_DEBITS_MAX = 20;
const RECORDED = "the card is a recorded one: it does what its log says";
const WRONG_PIN = "000000";
const KEYING_MS = 500;

function done(text: string, facts?: Readonly<Record<string, unknown>>): LineReply {
  return facts === undefined ? { kind: "done", text } : { kind: "done", text, facts };
}

function refused(reason: string): LineReply {
  return { kind: "refused", reason };
}

async function insert({ place }: LineContext): Promise<LineReply> {
  if (place.slot.card !== undefined) return refused(`the ${place.name} is in the reader already`);
  await place.emptinessSeen();
  place.slot.insert(place.inserted);
  return done(`the ${place.name} is in the reader`);
}

function remove({ place }: LineContext): LineReply {
  if (place.slot.card === undefined) return refused(`the ${place.name} is not in the reader`);
  place.slot.remove();
  return done(`the ${place.name} is out`);
}

/** An optional last word: hexadecimal start of the commands that are meant. */
function prefixOf(word: string | undefined): { readonly commandPrefix?: string } | undefined {
  if (word === undefined) return {};
  return /^(?:[0-9a-f]{2}){1,16}$/i.test(word) ? { commandPrefix: word } : undefined;
}

function planned(place: Place, plan: SlotPlan, what: string): LineReply {
  place.slot.plan(plan);
  const which = plan.commandPrefix === undefined ? "the next command" : `the next command that begins with ${plan.commandPrefix}`;
  return done(`${which} to the ${place.name} ${what}`);
}

const TEAR_WRITTEN = "written: tear before|during|after|<bytes that get across> [start of the command in hexadecimal]";

function checkTear([at, word]: readonly string[]): string | undefined {
  return readTearPlace(at) === undefined || prefixOf(word) === undefined ? TEAR_WRITTEN : undefined;
}

function tear({ place, words: [at, word] }: LineContext): LineReply {
  const prefix = prefixOf(word);
  const where = readTearPlace(at);
  if (where === undefined || prefix === undefined) return refused(TEAR_WRITTEN);
  return planned(place, { fate: "tear", at: where, ...prefix }, `will be torn: ${typeof where === "number" ? `after ${where} bytes` : where}`);
}

/** Another card in the place of the first, as when a holder takes the wrong one out of a purse. */
async function swap({ stand, place }: LineContext): Promise<LineReply> {
  if (place.name !== "card") return refused("only the card has another one beside it");
  const other = stand.modules.otherCard();
  const own = place.slot.card !== other;
  if (place.slot.card !== undefined) place.slot.remove();
  await place.emptinessSeen();
  place.slot.insert(own ? other : place.inserted);
  return done(own ? "another card is in the reader" : "the first card is in the reader");
}

function checkCrowd([text]: readonly string[]): string | undefined {
  return text === undefined || text === "over" ? undefined : "written: crowd [over]";
}

/** The field loses the card that it had, and finds one or none when it looks again. */
async function crowd({ stand, place, words }: LineContext): Promise<LineReply> {
  const problem = checkCrowd(words);
  if (problem !== undefined) return refused(problem);
  if (place.name !== "card") return refused("modules lie in contacts: only cards crowd a field");
  const [text] = words;
  const lies = place.slot.remove();
  await place.emptinessSeen();
  place.slot.crowd(text === undefined ? [stand.modules.otherCard()] : []);
  if (lies !== undefined) place.slot.insert(lies);
  return done(text === undefined ? "a second card is in the field: none can be told from the other" : "the second card has left the field");
}

function hang({ place, words: [word] }: LineContext): LineReply {
  const prefix = prefixOf(word);
  if (prefix === undefined) return refused("written: hang [start of the command in hexadecimal]");
  return planned(place, { fate: "hang", ...prefix }, "will get no answer until remove or release");
}

function release({ place }: LineContext): LineReply {
  place.slot.release();
  place.slot.clearPlans();
  return done("what hangs is released, what was planned is forgotten");
}

async function unplug({ place }: LineContext): Promise<LineReply> {
  if (!place.plugged()) return refused("the reader is unplugged already");
  await place.unplug();
  return done(`the reader of the ${place.name} is unplugged`);
}

async function replug({ place }: LineContext): Promise<LineReply> {
  if (place.plugged()) return refused("the reader is plugged in already");
  await place.plug();
  return done(`the reader of the ${place.name} is plugged in`);
}

function checkFault([text]: readonly string[]): string | undefined {
  const parsed = text === undefined ? undefined : parseCardFaults(text);
  return parsed?.ok === false ? parsed.reason : undefined;
}

function fault({ stand, place, words: [text] }: LineContext): LineReply {
  if (place.name === "card" && stand.modules.replayed !== undefined) return refused(RECORDED);
  if (text === undefined) return done(`faults: ${faultsOf(stand, place)}`);
  if (text === "expired") return refused("a card is made expired: start with --fault expired");
  const { card, module } = stand.modules;
  const parsed = place.name === "card" ? parseCardFaults(text) : parseModuleFaults(text);
  if (!parsed.ok) return refused(parsed.reason);
  // Card and module have their own tables of faults; the place decided which one was asked.
  if (place.name === "card") card.setFaults(parsed.value);
  else module.setFaults(parsed.value);
  return done(`faults of the ${place.name}: ${faultsOf(stand, place)}`);
}

function faultsOf({ modules: { card, module } }: Stand, place: Place): string {
  return faultsShown(place.name === "card" ? card.faults : module.toSnapshot().faults);
}

/** A load is refused where the loading counter could not finish it. */
function loadObstacle({ modules: { card, replayed }, places }: Stand, amountFen: number): string | undefined {
  if (replayed !== undefined) return RECORDED;
  if (places.some((place) => place.name === "card" && place.slot.card !== undefined)) return "take the card out first: remove";
  if (faultsShown(card.faults) !== "none") return "clear the card's faults first: fault none";
  const { onlineSeq } = card.toSnapshot().memory;
  if (onlineSeq >= 0xffff) return "the card's online sequence is used up";
  return card.balanceFen + amountFen > BALANCE_MAX_FEN ? "the purse would hold too much" : undefined;
}

function load({ stand, words: [text] }: LineContext): LineReply {
  const amountFen = text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (amountFen < 1 || amountFen > LOAD_MAX_FEN) return refused(`written: load <fen>, 1 to ${LOAD_MAX_FEN}`);
  const obstacle = loadObstacle(stand, amountFen);
  if (obstacle !== undefined) return refused(obstacle);
  const { card, keeper } = stand.modules;
  topUp(stand.suite, card, { amountFen });
  keeper?.keep();
  return done(`loaded ${formatYuan(fen(amountFen))} yuan, the balance is ${formatYuan(fen(card.balanceFen))}`, { balanceFen: card.balanceFen });
}

function debitLine({ amountFen, terminalNumber, terminalSeq, date, time, cardSeqBefore, tac }: CardDebit): string {
  return `  ${formatYuan(fen(amountFen)).padStart(10)} yuan  ${date} ${time}  terminal ${terminalNumber} sequence ${terminalSeq}  card sequence ${cardSeqBefore}  TAC ${tac}`;
}

/** What the simulators know for sure, for the end and for `show`. */
export function standFacts({ modules: { card, module, replayed }, places }: Stand): Readonly<Record<string, unknown>> {
  const { balanceFen, initialBalanceFen, offlineSeq, debits, loads } = card;
  const recorded = replayed === undefined ? {} : { replayed: { ...replayed.size, notes: replayed.notes } };
  const inserted = Object.fromEntries(places.map((place) => [place.name, place.slot.card !== undefined]));
  const { medicalPurse, electronicCash } = card.toSnapshot().memory;
  const further = {
    ...(medicalPurse === undefined ? {} : { medicalFen: medicalPurse.accountFen }),
    ...(electronicCash === undefined ? {} : { cashFen: electronicCash.balanceFen }),
  };
  return { balanceFen, ...further, initialBalanceFen, offlineSeq, debits, loads, terminalSeq: module.terminalSeq, inserted, ...recorded };
}

function replayText({ size, notes }: ReplayedCard): string {
  const lines = notes
    .slice(-SHOWN_DEBITS_MAX)
    .map(({ header, because, line }) => `  ${header} ${because}${line === undefined ? "" : `, the log stood at line ${line}`}`);
  return [`recorded card: ${size.exchanges} exchanges of ${size.sessions} power-ups, ${notes.length} commands were not answered by the log`, ...lines].join(
    "\n",
  );
}

/** The same for people; long histories are cut to their last lines. */
export function standText(stand: Stand): string {
  const { card, module, replayed } = stand.modules;
  if (replayed !== undefined) return replayText(replayed);
  const sum = (amounts: readonly { readonly amountFen: number }[]) => formatYuan(fen(amounts.reduce((total, { amountFen }) => total + amountFen, 0)));
  const shown = card.debits.slice(-SHOWN_DEBITS_MAX);
  const left = card.debits.length - shown.length;
  return [
    `balance ${formatYuan(fen(card.balanceFen))} yuan (began with ${formatYuan(fen(card.initialBalanceFen))}, ${card.debits.length} debits of ${sum(card.debits)}, ${card.loads.length} loads of ${sum(card.loads)})`,
    `card sequence ${card.offlineSeq}, module sequence ${module.terminalSeq}`,
    ...stand.places.map((place) => `${place.name}: ${place.slot.card === undefined ? "out" : "in the reader"}, faults: ${faultsOf(stand, place)}`),
    ...(left > 0 ? [`  (${left} older debits)`] : []),
    ...shown.map(debitLine),
  ].join("\n");
}

function holderOf(stand: Stand, act: KeypadAct): ScriptedHolder {
  const { pinDigits: pin } = stand.modules.card;
  if (act === "cancels") return new ScriptedHolder([{ kind: "cancels" }]);
  if (act === "walks-away") return new ScriptedHolder([{ kind: "walks-away" }]);
  const wrong = pin === WRONG_PIN ? "111111" : WRONG_PIN;
  return new ScriptedHolder([{ kind: "enters", digits: act === "enters" && pin !== undefined ? pin : wrong }]);
}

/** Puts a holder in front of the user reader's keypad. */
export function setKeypad(stand: Stand, act: KeypadAct): void {
  const place = stand.places.find(({ name }) => name === "card");
  assert(place !== undefined, "the user reader is where the keypad is");
  place.slot.setKeypad({ holder: holderOf(stand, act), keyingMs: KEYING_MS });
}

function keypad({ stand, words: [text] }: LineContext): LineReply {
  const act = KEYPAD_ACTS.find((each) => each === text);
  if (act === undefined) return refused(`written: keypad ${KEYPAD_ACTS.join("|")}`);
  if (!stand.keypad) return refused("the reader has no keypad: start with --pcscd --keypad");
  setKeypad(stand, act);
  return done(`the holder at the keypad ${act}`);
}

async function daemon({ stand, words: [what] }: LineContext): Promise<LineReply> {
  if (stand.daemon === undefined) return refused("there is no pcscd here: start with --pcscd");
  if (what === "kill") {
    await stand.daemon.kill();
    return done("pcscd is gone");
  }
  if (what !== "start") return refused("written: pcscd kill|start");
  await stand.daemon.kill();
  await stand.daemon.start();
  return done("pcscd is running");
}

const COMMANDS: ReadonlyMap<string, LineCommand> = new Map<string, LineCommand>([
  ["insert", { usage: "insert", meaning: "puts the card into the reader", wordsMax: 0, run: insert }],
  ["remove", { usage: "remove", meaning: "takes it out; what is under way fails", wordsMax: 0, run: remove }],
  [
    "tear",
    {
      usage: "tear before|during|after|<bytes> [hex]",
      meaning: "the next command (that begins so) is torn and the card leaves",
      wordsMax: 2,
      check: checkTear,
      run: tear,
    },
  ],
  ["swap", { usage: "swap", meaning: "takes the card out and puts another one in; once more: the first one again", wordsMax: 0, run: swap }],
  [
    "crowd",
    { usage: "crowd [over]", meaning: "a second card comes into the field, no card answers; over: it has left", wordsMax: 1, check: checkCrowd, run: crowd },
  ],
  ["hang", { usage: "hang [hex]", meaning: "the next command (that begins so) gets no answer", wordsMax: 1, run: hang }],
  ["release", { usage: "release", meaning: "ends a hang with the card in place, forgets tear and hang", wordsMax: 0, run: release }],
  ["unplug", { usage: "unplug", meaning: "the reader itself goes away", wordsMax: 0, run: unplug }],
  ["replug", { usage: "replug", meaning: "it comes back, with what lies in it", wordsMax: 0, run: replug }],
  [
    "reset",
    { usage: "reset", meaning: "with --apdu: a reset of the card, shows its answer", wordsMax: 0, run: () => refused("programs reset the card through pcscd") },
  ],
  [
    "fault",
    {
      usage: "fault [list|none]",
      meaning: "switches faults on as --fault does, none clears all, alone shows them",
      wordsMax: 1,
      check: checkFault,
      run: fault,
    },
  ],
  ["load", { usage: "load <fen>", meaning: "loads the purse at a loading counter (card out)", wordsMax: 1, run: load }],
  ["keypad", { usage: `keypad ${KEYPAD_ACTS.join("|")}`, meaning: "what the holder does at the reader's keypad", wordsMax: 1, run: keypad }],
  ["pcscd", { usage: "pcscd kill|start", meaning: "the daemon crashes, or is started anew", wordsMax: 1, run: daemon }],
  ["show", { usage: "show", meaning: "balance, sequences, faults, debits", wordsMax: 0, run: ({ stand }) => done(standText(stand), standFacts(stand)) }],
  ["help", { usage: "help", meaning: "this list", wordsMax: 0, run: () => done(lineHelp(), { commands: [...COMMANDS.keys()] }) }],
  ["quit", { usage: "quit", meaning: "ends the simulators", wordsMax: 0, run: () => ({ kind: "end" }) }],
]);

/** All control lines, for people. */
export function lineHelp(): string {
  const rows = [...COMMANDS.values()].map(({ usage, meaning }) => `  ${usage.padEnd(42)} ${meaning}`);
  return [...rows, `  ${"module <line>".padEnd(42)} the same for the security module: module remove, module fault locked, …`].join("\n");
}

/** What is wrong with a line that is written down for later; undefined: it can be carried out, though it may be refused then. */
export function lineProblem(line: string): string | undefined {
  const all = line.trim().split(/\s+/);
  const named = all[0] === "module" || all[0] === "card";
  const [name = "", ...words] = named ? all.slice(1) : all;
  const command = COMMANDS.get(name);
  if (command === undefined || name === "quit" || name === "help") return `there is no line "${name.slice(0, 40)}" for a scenario`;
  if (words.length > command.wordsMax) return `written: ${command.usage}`;
  // Faults of modules have words of their own, which the line itself refuses.
  return all[0] === "module" && name === "fault" ? undefined : command.check?.(words);
}

/** Carries out one control line. It changes nothing when it is refused. */
export function runLine(stand: Stand, line: string): LineReply | Promise<LineReply> {
  const all = line.trim().split(/\s+/);
  const [first] = all;
  const named = first === "module" || first === "card";
  const [name = "", ...words] = named ? all.slice(1) : all;
  const place = named ? stand.places.find((each) => each.name === first) : stand.places[0];
  if (place === undefined) return refused(`there is no ${first} at this table`);
  const command = COMMANDS.get(name);
  if (command === undefined) return refused(`there is no line "${name.slice(0, 40)}"; help lists what there is`);
  if (words.length > command.wordsMax) return refused(`written: ${command.usage}`);
  return command.run({ stand, place, words });
}
