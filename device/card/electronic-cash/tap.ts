/*
 * One tap of electronic cash: acts for the machine and decides nothing. The tap stops once, before the command that moves money, so that
 * the caller can make its intent durable: {@link prepareCashTap}, then {@link commitCashTap}. Spec: JR/T 0025, quick debit and credit.
 */
import { assert, unreachable } from "../../base/assert.ts";
import { EMPTY, readUint } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { bitsOf } from "../../codec/bit-names.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardDecision } from "../../codec/issuer-application-data.ts";
import { TVR_BITS, TVR_LENGTH } from "../../codec/verification-results.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import {
  type Authentication,
  type AuthenticationMaterial,
  type AuthenticationPorts,
  authenticateCard,
  authenticationMethod,
  foreseeFailure,
  quickTerminalData,
} from "./authentication.ts";
import { BASELINE_ALL, BASELINE_FOR_PROOF, beginTransaction, getData, readBaseline, readLastRecord, readRecords, readRecordsBeforeLast } from "./commands.ts";
import { joinData } from "./data.ts";
import { ENDLESS_FIELD_TIME, type FieldTime, startFieldTime } from "./field-time.ts";
import { generateCryptogram, listValues, signDynamically } from "./generate.ts";
import { CASH_RULES, decideCash } from "./machine.ts";
import type { CashCommand, CashEvent, CashOutcome, CashRules, CashSale, CashState, CashStateOf } from "./machine-types.ts";
import type { CashFacts } from "./record.ts";
import { firstStep } from "./rules.ts";
import { selectAgain, selectElectronicCash } from "./select.ts";
import { terminalData } from "./terminal-data.ts";
import type { CashIntent, CashRefusal, ProcessingOptions } from "./types.ts";

/** Steps of one tap: more than the longest way through the machine. */
const STEPS_MAX = 24;
const FIRST_LIST = 0x8c;
const DYNAMIC_LIST = 0x9f49;

/** How industry records travel with a sale: read before the card decides, written into its cache directly after. */
export interface IndustryPart {
  readonly read: (channel: CardChannel, limits: Limits) => Promise<{ readonly kind: "ok" } | CashRefusal>;
  readonly cache: (channel: CardChannel, options: ProcessingOptions, limits: Limits) => Promise<{ readonly kind: "ok" } | CashRefusal>;
}

export interface CashTapPorts extends AuthenticationPorts {
  readonly profile: Pick<CardProfile, "df60Segment" | "qpbocBudgetMs">;
  /** Counts the time in the field of a contactless tap; absent where the caller does. */
  readonly clock?: Pick<Clock, "monotonicMs">;
  /** Names of applications; absent: those that cards in the field have. */
  readonly applicationIds?: readonly string[];
  /** Another table in the place of the machine's own, as the world's planted bugs need it. */
  readonly rules?: CashRules;
}

export interface CashTapRequest extends CashSale {
  /** Must be there when the terms name an industry purpose. */
  readonly industryPart?: IndustryPart;
}

/** A tap that has stopped before its commit. Nothing has been debited; the card waits in its field. */
export interface PreparedCashTap {
  readonly kind: "ready";
  /** What must be durable before {@link commitCashTap}. */
  readonly intent: CashIntent;
  readonly accountNumber: string;
  readonly state: CashStateOf<"ready">;
  readonly request: CashTapRequest;
  readonly fieldTime: FieldTime;
}

/**
 * Everything up to the commit. Resolves with a tap that is ready, or with how it ended: then nothing was debited. Never rejects for what
 * the card or its channel do.
 */
export async function prepareCashTap(
  channel: CardChannel,
  tap: { readonly ports: CashTapPorts; readonly request: CashTapRequest },
  limits: Limits,
): Promise<PreparedCashTap | CashOutcome> {
  const { request } = tap;
  assert((request.terms.industry === undefined) === (request.industryPart === undefined), "an industry purpose comes with its records");
  const { clock, profile } = tap.ports;
  const counted = clock !== undefined && request.interface === "contactless";
  const fieldTime = counted ? startFieldTime(clock, profile.qpbocBudgetMs) : ENDLESS_FIELD_TIME;
  const first = firstStep(request);
  const state = first.command === undefined ? first.state : await run({ channel, ...tap, fieldTime }, { state: first.state, command: first.command }, limits);
  if (state.at === "ended") return state.outcome;
  assert(state.at === "ready" && state.intent.accountNumber !== undefined, "a tap stops when it has ended or is ready");
  return { kind: "ready", intent: state.intent, accountNumber: state.intent.accountNumber, state, request, fieldTime };
}

/**
 * The commit and what proves it. Resolves with the outcome: "card-lost" with unknown effect means that only the card itself can tell
 * (proveTransaction). Must be called at most once for a prepared tap.
 */
export async function commitCashTap(
  channel: CardChannel,
  tap: { readonly ports: CashTapPorts; readonly prepared: PreparedCashTap },
  limits: Limits,
): Promise<CashOutcome> {
  const { ports, prepared } = tap;
  const { request } = prepared;
  // The holder has most likely taken the card away: a commit now would be torn more often than not.
  const event = prepared.fieldTime.isOver() ? ({ is: "given-up", reason: "field-time-exceeded" } as const) : ({ is: "permitted" } as const);
  const step = decideCash(ports.rules ?? CASH_RULES, request, prepared.state, event);
  const acting: Acting = { channel, ports, request, fieldTime: ENDLESS_FIELD_TIME };
  const state = step.command === undefined ? step.state : await run(acting, { state: step.state, command: step.command }, limits);
  assert(state.at === "ended", "after the commit a tap ends");
  return state.outcome;
}

/**
 * A tap whose commit was lost and whose card has repeated its last answer: the signature is checked as it would have been.
 * `replay` is what proveTransaction gave.
 */
export function completeFromReplay(
  tap: { readonly ports: CashTapPorts; readonly prepared: PreparedCashTap },
  replay: { readonly data: ReadonlyMap<number, Uint8Array>; readonly signedBytes: Uint8Array },
): CashOutcome | undefined {
  const { ports, prepared } = tap;
  const { facts } = prepared.state;
  const data = joinData(facts.records.data, replay.data);
  if (data === undefined) return undefined;
  const rules = ports.rules ?? CASH_RULES;
  const committing = decideCash(rules, prepared.request, prepared.state, { is: "permitted" }).state;
  const answer = { kind: "ok", ...facts.records, data, signedBytes: concatSigned(facts, replay.signedBytes) } as const;
  const checking = decideCash(rules, prepared.request, committing, { is: "record-committed", answer }).state;
  if (checking.at !== "checking") return undefined;
  const end = decideCash(rules, prepared.request, checking, { is: "authenticated", result: authenticateQuick(ports, checking.facts) }).state;
  return end.at === "ended" ? end.outcome : undefined;
}

function concatSigned(facts: CashFacts, more: Uint8Array): Uint8Array {
  return Uint8Array.from([...facts.records.signedBytes, ...more]);
}

interface Acting {
  readonly channel: CardChannel;
  readonly ports: CashTapPorts;
  readonly request: CashTapRequest;
  readonly fieldTime: FieldTime;
}

/** Acts and decides in turns until nothing is left to do. */
async function run(acting: Acting, begun: { readonly state: CashState; readonly command: CashCommand }, limits: Limits): Promise<CashState> {
  let { state } = begun;
  let command: CashCommand | undefined = begun.command;
  for (let step = 0; step < STEPS_MAX && command !== undefined; step += 1) {
    const event: CashEvent = await act(acting, { state, command }, limits);
    ({ state, command } = { command: undefined, ...decideCash(acting.ports.rules ?? CASH_RULES, acting.request, state, event) });
  }
  assert(command === undefined, "a tap has fewer steps than the bound");
  return state;
}

async function act(acting: Acting, doing: { readonly state: CashState; readonly command: CashCommand }, limits: Limits): Promise<CashEvent> {
  if (acting.fieldTime.isOver()) return { is: "card-lost", code: "timeout", effectUnknown: false };
  try {
    return await perform(acting, doing, limits);
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return { is: "card-lost", code: fault.code, effectUnknown: fault.effectUnknown };
  }
}

async function perform(acting: Acting, { state, command }: { readonly state: CashState; readonly command: CashCommand }, limits: Limits): Promise<CashEvent> {
  const { channel, ports, request } = acting;
  switch (command.do) {
    case "select":
      return {
        is: "selected",
        answer: await selectElectronicCash(
          channel,
          { interface: request.interface, ...(ports.applicationIds === undefined ? {} : { applicationIds: ports.applicationIds }) },
          limits,
        ),
      };
    case "read-baseline":
      return { is: "baseline-read", baseline: await readBaseline(channel, request.interface === "contact" ? BASELINE_ALL : BASELINE_FOR_PROOF, limits) };
    case "process":
      return process(acting, inState(state, "processing"), limits);
    case "cache-industry":
      return cacheIndustry(acting, inState(state, "caching"), limits);
    case "read-records":
      return readAll(acting, inState(state, "reading"), limits);
    case "authenticate":
      return { is: "authenticated", result: await authenticate(acting, state, limits) };
    case "read-counters":
      return { is: "counters-read", counters: await readCounters(channel, limits) };
    case "commit":
      return commit(channel, inState(state, "committing"), limits);
    case "generate":
      return generate(acting, { state, wanted: command.wanted }, limits);
    case "read-limits":
      return { is: "baseline-read", baseline: await readBaseline(channel, BASELINE_ALL, limits) };
    default:
      return unreachable(command);
  }
}

/** The machine pairs each command with the state in which it is given. */
function inState<At extends CashState["at"]>(state: CashState, at: At): CashStateOf<At> {
  assert(state.at === at, `the command belongs to ${at}`);
  // Narrowed by the line above; the compiler does not narrow by a type parameter.
  return state as CashStateOf<At>;
}

async function process({ channel, ports, request }: Acting, state: CashStateOf<"processing">, limits: Limits): Promise<CashEvent> {
  const { terminal, terms, industryPart } = request;
  const industry = await industryPart?.read(channel, limits);
  if (industry?.kind === "refused") return { is: "options-answered", answer: industry };
  const { selected } = state;
  const context = { terminal, terms, profile: ports.profile, selected };
  const again = async (): Promise<void> => {
    await selectAgain(channel, selected, limits);
    // The card forgets with its selection which industry record was read.
    await industryPart?.read(channel, limits);
  };
  return { is: "options-answered", answer: await beginTransaction(channel, { ...context, selectAgain: again }, limits) };
}

async function cacheIndustry({ channel, request }: Acting, state: CashStateOf<"caching">, limits: Limits): Promise<CashEvent> {
  assert(request.industryPart !== undefined, "an industry purpose comes with its records");
  return { is: "industry-cached", answer: await request.industryPart.cache(channel, state.facts.options, limits) };
}

async function readAll({ channel, ports, request }: Acting, state: CashStateOf<"reading">, limits: Limits): Promise<CashEvent> {
  const { options } = state.facts;
  if (request.interface === "contact") return { is: "records-read", answer: await readRecords(channel, options.records, limits) };
  const answer = await readRecordsBeforeLast(channel, options, limits);
  // What the last record adds to the signed data cannot be known yet.
  if (answer.kind === "refused" || options.records.at(-1)?.signed === true) return { is: "records-read", answer };
  const data = joinData(options.data, answer.data);
  const foreseen = data === undefined ? undefined : foreseeFailure(ports, { ...materialOf({ ...state.facts, records: { ...answer, data } }), data });
  return { is: "records-read", answer, ...(foreseen === undefined ? {} : { foreseen }) };
}

function materialOf({ selected, options, records, terms }: CashFacts): AuthenticationMaterial {
  return {
    applicationId: selected.applicationId,
    interchangeProfile: options.interchangeProfile,
    data: records.data,
    signedBytes: records.signedBytes,
    today: terms.date,
  };
}

function authenticateQuick(ports: CashTapPorts, facts: CashFacts): Authentication {
  const terminal = quickTerminalData(facts.options.sent, facts.records.data);
  return authenticateCard(ports, { ...materialOf(facts), ...(terminal === undefined ? {} : { terminalData: terminal }) });
}

async function authenticate({ channel, ports, request }: Acting, state: CashState, limits: Limits): Promise<Authentication> {
  if (state.at === "checking") return authenticateQuick(ports, state.facts);
  const { facts } = inState(state, "authenticating");
  const material = materialOf(facts);
  if (authenticationMethod(material.interchangeProfile) !== "dynamic") return authenticateCard(ports, material);
  const known = terminalData({ terminal: request.terminal, terms: request.terms, profile: ports.profile });
  const signed = await signDynamically(channel, { list: facts.records.data.get(DYNAMIC_LIST), known }, limits);
  if (signed.kind === "refused") return { kind: "failed", method: "dynamic", why: "data-missing" };
  const data = new Map(material.data).set(0x9f4b, signed.signature);
  return authenticateCard(ports, { ...material, data, terminalData: { bytes: signed.terminalData } });
}

async function readCounters(channel: CardChannel, limits: Limits): Promise<{ readonly atc?: number; readonly lastOnline?: number }> {
  const atc = await getData(channel, 0x9f36, limits);
  const lastOnline = await getData(channel, 0x9f13, limits);
  return {
    ...(atc?.length === 2 ? { atc: readUint(atc, 0, 2) } : {}),
    ...(lastOnline?.length === 2 ? { lastOnline: readUint(lastOnline, 0, 2) } : {}),
  };
}

async function commit(channel: CardChannel, { facts }: CashStateOf<"committing">, limits: Limits): Promise<CashEvent> {
  const record = facts.options.records.at(-1);
  assert(record !== undefined, "an approval has records");
  return { is: "record-committed", answer: await readLastRecord(channel, { record, before: facts.records }, limits) };
}

async function generate(
  { channel, ports, request }: Acting,
  { state, wanted }: { readonly state: CashState; readonly wanted: CardDecision },
  limits: Limits,
): Promise<CashEvent> {
  assert(state.at === "committing" || state.at === "closing", "a cryptogram is asked for at the commit or at the close");
  const { facts } = state;
  const results = bitsOf(TVR_LENGTH, TVR_BITS, facts.results);
  const known = terminalData({ terminal: request.terminal, terms: request.terms, profile: ports.profile, verificationResults: results });
  const values = listValues(facts.records.data, FIRST_LIST, known);
  const answer = await generateCryptogram(channel, { wanted, data: values?.bytes ?? EMPTY }, limits);
  return { is: "cryptogram-made", answer, sent: values?.sent ?? new Map() };
}
