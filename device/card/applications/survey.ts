/*
 * Goal: know with as few commands as possible what a card can do here, and refuse a wrong card early and by name.
 * Method: the answer to reset first, which costs nothing; then one SELECT for each name that the flow can use, in the flow's order, and no
 * further than needed. Only a card on which nothing was found is asked for foreign names. Spec: ISO/IEC 7816-4, SELECT.
 */
import { type Bytes, EMPTY, fromHex, toHex } from "../../base/bytes.ts";
import { type Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk, type ResponseApdu } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import { findTlv, parseTlv } from "../../codec/tlv.ts";
import type { CardChannel, CardInterface } from "../../drivers/ports.ts";
import { exchange } from "../dialogue.ts";
import { DEFAULT_CASH_APPLICATIONS } from "../electronic-cash/select.ts";
import type { PurseApplication } from "../purse/types.ts";
import { SOCIAL_ENVIRONMENT_NAME } from "../social/read-identity.ts";
import { wrongByAnswerToReset } from "./answer-to-reset.ts";
import { CONTACTLESS_DIRECTORY, DOMESTIC_PROVIDER, FOREIGN_PROVIDERS, isDomestic, parseDirectory, schemeOfName } from "./directory.ts";
import type { ApplicationKind, CardSurvey, FoundApplication, SurveyResult, WrongCard } from "./types.ts";

export interface SurveyOptions {
  /** What the flow can use, the most wanted first; names are tried in this order. */
  readonly wanted: readonly ApplicationKind[];
  /** "first": stop at the first usable application, which then is the selected one; "all": look for everything wanted. */
  readonly depth: "first" | "all";
  /** Payment directories differ: only contactless cards have one that a single command reads. */
  readonly interface: CardInterface;
  readonly profile: Pick<CardProfile, "transitAidOrder">;
  readonly purseApplications: readonly PurseApplication[];
}

/** A blocked card says so whatever is selected. Spec: LD/T 32.7, SELECT. */
const CARD_BLOCKED = 0x6a81;
/** Blocked applications: of this card's own kinds, and of banks. Spec: LD/T 32.7, SELECT; JR/T 0025, SELECT. */
const APPLICATION_BLOCKED: readonly number[] = [0x9303, 0x6283];
const SOCIAL_NAME = toHex(SOCIAL_ENVIRONMENT_NAME);

interface Probe {
  readonly name: string;
  readonly kinds: readonly ApplicationKind[];
}

/**
 * Surveys the card in the reader. A refusal says why the card is of no use; nothing on the card has changed. At most one command for each
 * name (six for a bank's), and seven more for a card without any of them. Faults: those of the channel, "card-answer-malformed".
 */
export async function surveyCard(channel: CardChannel, options: SurveyOptions, limits: Limits): Promise<SurveyResult> {
  const wrong = wrongByAnswerToReset(channel.atr);
  if (wrong !== undefined) return { kind: "refused", ...wrong };
  const found: FoundApplication[] = [];
  let selected: string | undefined;
  let directory: readonly string[] | undefined;
  for (const probe of probesFor(options)) {
    const answer = probe === "bank" ? await probeBank(channel, options.interface, limits) : await probeName(channel, probe, limits);
    if (answer === "card-blocked") return { kind: "refused", reason: "card-blocked" };
    if (answer.directory !== undefined) directory = answer.directory;
    selected = answer.selected;
    found.push(...answer.found);
    if (options.depth === "first" && answer.found.some(({ blocked }) => !blocked)) break;
  }
  if (found.length > 0) return { kind: "ok", insertion: channel.insertion, atr: channel.atr, applications: found, selected } satisfies CardSurvey;
  return { kind: "refused", ...(await nameWrongCard(channel, { directory, ...options }, limits)) };
}

/** A reader that can tell two cards apart says so with a fault when it is asked for a card. Undefined for any other fault. */
export function wrongCardOfFault(fault: Fault): WrongCard | undefined {
  return isFault(fault, "card-collision") ? { reason: "more-than-one-card" } : undefined;
}

/** Names in the order of trying, each once, with everything that it serves as. */
function probesFor(options: SurveyOptions): readonly (Probe | "bank")[] {
  const purses = options.purseApplications.map(({ applicationId }) => applicationId.toLowerCase());
  const transit = options.profile.transitAidOrder.map((name) => name.toLowerCase());
  const names: string[] = [];
  for (const kind of options.wanted) {
    if (kind === "social") names.push(SOCIAL_NAME);
    else if (kind === "transit") names.push(...transit);
    else if (kind === "purse") names.push(...purses);
    else names.push("bank");
  }
  return [...new Set(names)].map((name) => (name === "bank" ? "bank" : { name, kinds: kindsOf(name, { purses, transit }) }));
}

function kindsOf(name: string, lists: { readonly purses: readonly string[]; readonly transit: readonly string[] }): readonly ApplicationKind[] {
  if (name === SOCIAL_NAME) return ["social"];
  return [...(lists.transit.includes(name) ? (["transit"] as const) : []), ...(lists.purses.includes(name) ? (["purse"] as const) : [])];
}

interface Probed {
  readonly found: readonly FoundApplication[];
  readonly selected: string | undefined;
  readonly directory?: readonly string[];
}

const BANK_KINDS: readonly ApplicationKind[] = ["electronic-cash"];
const NOTHING: Probed = { found: [], selected: undefined };

async function probeName(channel: CardChannel, { name, kinds }: Probe, limits: Limits): Promise<Probed | "card-blocked"> {
  const { data, sw } = await select(channel, fromHex(name), limits);
  if (sw === CARD_BLOCKED) return "card-blocked";
  if (APPLICATION_BLOCKED.includes(sw)) return { found: [{ kinds, name, blocked: true, fci: EMPTY }], selected: undefined };
  const full = nameInside(data) ?? name;
  // A card that answers with another application than the one asked for does not have it.
  if (!isOk(sw) || !full.startsWith(name)) return NOTHING;
  return { found: [{ kinds, name: full, blocked: false, fci: data }], selected: full };
}

/**
 * Contactless cards list their payment applications. Without a list the provider's name finds the first of them by its beginning, and on a
 * card that knows whole names only, one of the names that the terminal knows.
 */
async function probeBank(channel: CardChannel, through: CardInterface, limits: Limits): Promise<Probed | "card-blocked"> {
  const directory = through === "contactless" ? await readDirectory(channel, limits) : [];
  const found = directory.filter(isDomestic).map((name) => ({ kinds: BANK_KINDS, name, blocked: false, fci: EMPTY }));
  if (found.length > 0) return { found, selected: undefined, directory };
  for (const name of [DOMESTIC_PROVIDER, ...DEFAULT_CASH_APPLICATIONS]) {
    const probed = await probeName(channel, { name, kinds: BANK_KINDS }, limits);
    if (probed === "card-blocked") return probed;
    if (probed.found.length > 0) return { ...probed, directory };
  }
  return { ...NOTHING, directory };
}

async function readDirectory(channel: CardChannel, limits: Limits): Promise<readonly string[]> {
  const { data, sw } = await select(channel, CONTACTLESS_DIRECTORY, limits);
  return isOk(sw) ? parseDirectory(data) : [];
}

function select(channel: CardChannel, name: Bytes, limits: Limits): Promise<ResponseApdu> {
  return exchange(channel, command("00 A4 04 00", { data: name, le: 256 }), limits);
}

/** The name in an answer to SELECT (6F/84), where there is one. */
function nameInside(fci: Bytes): string | undefined {
  const parsed = parseTlv(fci);
  const name = parsed.ok ? findTlv(parsed.items, 0x6f, 0x84)?.value : undefined;
  return name === undefined || name.length === 0 ? undefined : toHex(name);
}

/** Nothing wanted is on the card: is it a card of ours without that, a foreign one, or an unknown one? */
async function nameWrongCard(
  channel: CardChannel,
  seen: { readonly directory: readonly string[] | undefined; readonly wanted: readonly ApplicationKind[]; readonly interface: CardInterface },
  limits: Limits,
): Promise<WrongCard> {
  if (!seen.wanted.includes("social") && (await isThere(channel, { name: SOCIAL_NAME, kinds: ["social"] }, limits))) return { reason: "application-missing" };
  const directory = seen.directory ?? (seen.interface === "contactless" ? await readDirectory(channel, limits) : []);
  if (directory.some(isDomestic)) return { reason: "application-missing" };
  const [listed] = directory;
  if (listed !== undefined) return { reason: "foreign-card", scheme: schemeOfName(listed) };
  for (const [name, scheme] of FOREIGN_PROVIDERS) {
    if (await isThere(channel, { name, kinds: [] }, limits)) return { reason: "foreign-card", scheme };
  }
  return { reason: "unknown-card" };
}

async function isThere(channel: CardChannel, probe: Probe, limits: Limits): Promise<boolean> {
  const probed = await probeName(channel, probe, limits);
  return probed !== "card-blocked" && probed.found.length > 0;
}
