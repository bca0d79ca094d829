/*
 * The decisions of the electronic-cash machine, one function for each place of its table where something is decided. Pure: they look at
 * what is known and say what follows. Spec: JR/T 0025, quick debit and credit; electronic cash over contacts.
 */
import { assert } from "../../base/assert.ts";
import { fen } from "../../base/fen.ts";
import { namesOfBits } from "../../codec/bit-names.ts";
import { CVR_BITS } from "../../codec/issuer-application-data.ts";
import type { StatusInformation, VerificationResult } from "../../codec/verification-results.ts";
import { type Authentication, type AuthenticationFailure, authenticationMethod } from "./authentication.ts";
import { accountNumberOf, joinData, NO_RECORDS } from "./data.ts";
import type { CashEventOf, CashOutcome, CashSale, CashStateOf, CashStep } from "./machine-types.ts";
import { type CardCryptogram, type CashFacts, cryptogramRecord, intentOf } from "./record.ts";
import { restrictionsOf, sharesCurrency } from "./restrictions.ts";
import { analyzeActions, assessRisk, verifyHolder } from "./terminal-risk.ts";
import type { CardRecords, CashBaseline, CashReason, ProcessingOptions } from "./types.ts";

const QUALIFIERS_TAG = 0x9f66;
/** An absent limit does not limit. */
const UNLIMITED = Number.POSITIVE_INFINITY;
/** Less than any balance. */
const UNKNOWN = Number.NEGATIVE_INFINITY;

export function ended(outcome: CashOutcome): CashStep {
  return { state: { at: "ended", outcome } };
}

type RefusalExtras = Omit<Extract<CashOutcome, { readonly kind: "refused" }>, "kind" | "reason">;

function refuse(reason: CashReason, extras: RefusalExtras = {}): CashStep {
  return ended({ kind: "refused", reason, ...extras });
}

/** Where every tap begins: with the limits that need no card. Spec: JR/T 0025, pre-processing. */
export function firstStep(sale: CashSale): CashStep {
  const { amount } = sale.terms;
  const { limits, online } = sale.terminal;
  if (sale.interface === "contact") {
    if (amount > (limits.cashFen ?? UNLIMITED)) return refuse("amount-above-cash-limit");
  } else {
    // From the limit on, not only above it. Spec: JR/T 0025, contactless transaction limit.
    if (amount >= (limits.contactlessSaleFen ?? UNLIMITED)) return refuse("amount-above-contactless-limit");
    if (!online && amount > (limits.contactlessFloorFen ?? UNLIMITED)) return refuse("floor-limit-exceeded");
  }
  return { state: { at: "selecting" }, command: { do: "select" } };
}

export function selected(_state: CashStateOf<"selecting">, { answer }: CashEventOf<"selected">, sale: CashSale): CashStep {
  if (answer.kind === "no-application") return refuse("no-application");
  if (answer.kind === "blocked") return refuse(answer.what === "card" ? "card-blocked" : "application-blocked");
  // A card that does not ask for the terminal's qualifiers knows no quick payment.
  if (sale.interface === "contactless" && !answer.dataWanted.some(({ tag }) => tag === QUALIFIERS_TAG)) return refuse("not-electronic-cash");
  return { state: { at: "reading-baseline", selected: answer }, command: { do: "read-baseline" } };
}

export function baselineRead(state: CashStateOf<"reading-baseline">, { baseline }: CashEventOf<"baseline-read">): CashStep {
  return { state: { at: "processing", selected: state.selected, baseline }, command: { do: "process" } };
}

export function optionsAnswered(state: CashStateOf<"processing">, { answer }: CashEventOf<"options-answered">, sale: CashSale): CashStep {
  if (answer.kind === "refused") return refuse("card-refused", { statusWord: answer.statusWord });
  const { selected: application, baseline } = state;
  const records: CardRecords = { ...NO_RECORDS, data: answer.data };
  const facts: CashFacts = { terminal: sale.terminal, terms: sale.terms, selected: application, baseline, options: answer, records, results: [], status: [] };
  const known = { facts, holder: "none" } as const;
  if (sale.interface === "contact")
    return answer.path === "full" ? { state: { at: "reading", ...known }, command: { do: "read-records" } } : refuse("card-data-malformed");
  if (answer.path === "full") return refuse("not-electronic-cash");
  return cardDecided(known, answer, sale);
}

type Known = Pick<CashStateOf<"reading">, "facts" | "holder">;

/** Spec: JR/T 0025, quick debit and credit, card decision. */
function cardDecided(known: Known, options: ProcessingOptions, sale: CashSale): CashStep {
  const { cardQualifiers: qualifiers } = options;
  if (options.decision !== "TC" && qualifiers?.switchInterface === true) return refuse("switch-interface");
  if (options.decision === "ARQC") return refuse("online-required", onlineExtras(known.facts));
  if (options.decision !== "TC") {
    return { state: { at: "explaining", ...known, details: cardFindings(options) }, command: { do: "read-limits" } };
  }
  if (qualifiers?.onlinePin === true || (qualifiers?.signature === true && !sale.terminal.signature)) return refuse("holder-verification-required");
  const verified: Known = { ...known, holder: qualifiers?.signature === true ? "signature" : "none" };
  if (sale.terms.industry !== undefined) return { state: { at: "caching", ...verified }, command: { do: "cache-industry" } };
  return { state: { at: "reading", ...verified }, command: { do: "read-records" } };
}

/** What a host is asked with, when the card named itself in its answer already. */
function onlineExtras(facts: CashFacts): RefusalExtras {
  const made = quickCryptogram(facts.options);
  const accountNumber = accountNumberOf(facts.records.data);
  return {
    details: cardFindings(facts.options),
    ...(made === undefined || accountNumber === undefined ? {} : { record: cryptogramRecord(facts, made, accountNumber) }),
  };
}

/** What the card says of itself beside its decision. */
function cardFindings({ issuerData }: Pick<ProcessingOptions, "issuerData">): readonly string[] {
  return issuerData === undefined ? [] : namesOfBits(issuerData.cardResults, CVR_BITS);
}

function quickCryptogram({ decision, atc, issuerData, cryptogram, sent }: ProcessingOptions): CardCryptogram | undefined {
  return decision === undefined || atc === undefined || issuerData === undefined ? undefined : { decision, atc, issuerData, cryptogram, sent };
}

export function industryCached(state: CashStateOf<"caching">, { answer }: CashEventOf<"industry-cached">): CashStep {
  if (answer.kind === "refused") return refuse("card-refused", { statusWord: answer.statusWord });
  return { state: { at: "reading", facts: state.facts, holder: state.holder }, command: { do: "read-records" } };
}

export function recordsRead(state: CashStateOf<"reading">, { answer, foreseen }: CashEventOf<"records-read">, sale: CashSale): CashStep {
  if (answer.kind === "refused") return refuse("card-refused", { statusWord: answer.statusWord });
  const data = joinData(state.facts.options.data, answer.data);
  if (data === undefined) return refuse("card-data-malformed");
  const { kind: _, ...read } = answer;
  const records: CardRecords = { ...read, data };
  const facts: CashFacts = { ...state.facts, records };
  const accountNumber = accountNumberOf(data);
  // Without its number nobody could tell this card from another when it comes back after a tear.
  if (accountNumber === undefined || !data.has(0x5f24)) return refuse("card-data-missing");
  if (!sharesCurrency(data, sale.terminal)) return refuse("wrong-currency");
  const known: Known = { facts: withResults(facts, findings(facts, accountNumber, sale)), holder: state.holder };
  return sale.interface === "contact" ? recordsOfContact(known) : recordsOfQuick(known, foreseen, sale);
}

/** Restrictions and invalid list as bits. */
function findings(facts: CashFacts, accountNumber: string, sale: CashSale): readonly VerificationResult[] {
  const results = restrictionsOf(facts.records.data, sale.terminal, sale.days ?? sale.terms.date).map(({ result }) => result);
  return isListed(facts, accountNumber, sale) ? [...results, "card-on-exception-list"] : results;
}

function isListed({ records }: CashFacts, accountNumber: string, sale: CashSale): boolean {
  const sequence = records.data.get(0x5f34);
  return sale.isListed({ accountNumber, ...(sequence === undefined ? {} : { accountSequence: Buffer.from(sequence).toString("hex") }) });
}

function withResults(facts: CashFacts, results: readonly VerificationResult[], status: readonly StatusInformation[] = []): CashFacts {
  return { ...facts, results: [...new Set([...facts.results, ...results])], status: [...new Set([...facts.status, ...status])] };
}

/** All that speaks against the sale is said before the last record, because that one cannot be taken back. */
function recordsOfQuick(known: Known, foreseen: AuthenticationFailure | undefined, sale: CashSale): CashStep {
  const { facts } = known;
  if (facts.results.includes("card-on-exception-list")) return refuse("on-invalid-list");
  const ending = restrictionsOf(facts.records.data, sale.terminal, sale.days ?? sale.terms.date).find(({ reason }) => reason !== undefined);
  if (ending?.reason !== undefined) return refuse(ending.reason);
  const copyable = authenticationMethod(facts.options.interchangeProfile) === "static" && sale.terminal.acceptsStatic !== true;
  const why = foreseen ?? (copyable ? "not-offered" : undefined);
  if (why !== undefined) return refuse(insteadOfOffline(facts, sale) ? "online-required" : authenticationReason(why), { why });
  const { atc } = facts.options;
  assert(atc !== undefined, "a quick answer names its counter");
  return { state: { at: "ready", ...known, intent: intentOf(facts, atc) } };
}

/** The card may ask, by its qualifiers, that a failed authentication goes to the host instead. */
function insteadOfOffline({ options }: CashFacts, sale: CashSale): boolean {
  return sale.terminal.online && options.cardQualifiers?.onlineIfAuthenticationFails === true;
}

function authenticationReason(why: AuthenticationFailure): CashReason {
  return why === "not-offered" || why === "authority-unknown" ? "authentication-impossible" : "authentication-failed";
}

/** Spec: JR/T 0025, electronic cash over contacts: only a card with its issuer's authorisation code has it. */
function recordsOfContact(known: Known): CashStep {
  const { facts } = known;
  const reason = explained(facts.baseline, facts);
  if (reason !== undefined && reason !== "balance-below-threshold") return refuse(reason);
  if (!facts.records.data.has(0x9f74)) return refuse("not-electronic-cash");
  return { state: { at: "authenticating", ...known }, command: { do: "authenticate" } };
}

export function contactAuthenticated(state: CashStateOf<"authenticating">, { result }: CashEventOf<"authenticated">): CashStep {
  const facts = withResults(state.facts, authenticationResults(result), result.method === "none" ? [] : ["authentication-performed"]);
  return { state: { at: "counting", facts, holder: state.holder, authentication: result }, command: { do: "read-counters" } };
}

/** Bits of a failed authentication. Spec: JR/T 0025, offline data authentication. */
function authenticationResults(result: Authentication): readonly VerificationResult[] {
  if (result.kind === "verified") return result.method === "static" ? ["static-authentication-selected"] : [];
  if (result.method === "none") return ["authentication-not-performed"];
  const failed =
    result.method === "static" ? (["static-authentication-failed", "static-authentication-selected"] as const) : (["dynamic-authentication-failed"] as const);
  return result.why === "data-missing" ? ["card-data-missing", ...failed] : failed;
}

export function countersRead(state: CashStateOf<"counting">, { counters }: CashEventOf<"counters-read">, sale: CashSale): CashStep {
  const { authentication } = state;
  const { options, records, baseline } = state.facts;
  const holder = verifyHolder(options.interchangeProfile, records.data, sale);
  const risk = [...(holder.kind === "failed" ? holder.results : []), ...assessRisk(records.data, sale, counters)];
  const facts = withResults(state.facts, risk, ["holder-verification-performed", "terminal-risk-management-performed"]);
  const details = facts.results;
  const known: Known = { facts, holder: holder.kind === "signature" ? "signature" : "none" };
  const wanted = sale.terminal.online && explained(baseline, facts) === "balance-below-threshold" ? "ARQC" : wantedDecision(facts, authentication, sale);
  if (wanted === "ARQC") return { state: { at: "closing", ...known, reason: "online-required", details }, command: { do: "generate", wanted } };
  if (wanted === "AAC") return { state: { at: "closing", ...known, reason: reasonOf(facts, authentication), details }, command: { do: "generate", wanted } };
  // Without the counter nobody could tell later whether this sale took place.
  if (counters.atc === undefined) return refuse("card-data-missing");
  return { state: { at: "ready", ...known, intent: intentOf(facts, counters.atc), authentication } };
}

/** Electronic cash is never approved for a card that is listed, restricted or not proved, whatever the action codes say. */
function wantedDecision(facts: CashFacts, authentication: Authentication, sale: CashSale): "TC" | "ARQC" | "AAC" {
  const wanted = analyzeActions(facts.results, facts.records.data, sale.terminal);
  if (wanted !== "TC" || reasonOf(facts, authentication) === "declined-by-terminal") return wanted;
  return sale.terminal.online && reasonOf(facts, authentication) === "authentication-failed" ? "ARQC" : "AAC";
}

/** The finding that says most about why the terminal declines. */
function reasonOf({ results }: CashFacts, authentication: Authentication): CashReason {
  if (results.includes("card-on-exception-list")) return "on-invalid-list";
  if (results.includes("application-expired")) return "expired";
  if (results.includes("application-not-yet-effective")) return "not-yet-valid";
  if (results.includes("service-not-allowed")) return "usage-not-allowed";
  if (authentication.kind === "failed") return authenticationReason(authentication.why);
  if (results.includes("holder-verification-failed")) return "holder-verification-required";
  return "declined-by-terminal";
}

export function permitted(state: CashStateOf<"ready">, _event: CashEventOf<"permitted">, sale: CashSale): CashStep {
  const command = sale.interface === "contact" ? ({ do: "generate", wanted: "TC" } as const) : ({ do: "commit" } as const);
  return { state: { ...state, at: "committing" }, command };
}

export function givenUp(_state: CashStateOf<"ready">, { reason }: CashEventOf<"given-up">): CashStep {
  return refuse(reason);
}

export function recordCommitted(state: CashStateOf<"committing">, { answer }: CashEventOf<"record-committed">): CashStep {
  if (answer.kind === "refused") return refuse("card-refused", { statusWord: answer.statusWord });
  // What the options said stands first: the last record cannot put anything in its place.
  const data = joinData(state.facts.options.data, answer.data) ?? state.facts.records.data;
  const { kind: _, ...read } = answer;
  const facts: CashFacts = { ...state.facts, records: { ...read, data } };
  return { state: { at: "checking", facts, holder: state.holder }, command: { do: "authenticate" } };
}

export function quickAuthenticated(state: CashStateOf<"checking">, { result }: CashEventOf<"authenticated">, sale: CashSale): CashStep {
  const facts = withResults(state.facts, authenticationResults(result), ["authentication-performed", "card-risk-management-performed"]);
  const made = quickCryptogram(facts.options);
  const accountNumber = accountNumberOf(facts.records.data);
  assert(made !== undefined && accountNumber !== undefined, "both were there before the commit");
  const record = cryptogramRecord(facts, made, accountNumber);
  if (result.kind === "failed") return ended({ kind: "debited-unproven", record, why: result.why, onlineInstead: insteadOfOffline(facts, sale) });
  return ended(approved({ facts, holder: state.holder }, result, record));
}

function approved({ facts, holder }: Known, authentication: Extract<Authentication, { readonly kind: "verified" }>, record: CashFactsRecord): CashOutcome {
  const { amount, industry } = facts.terms;
  // An industry sale may set aside, or take from the deposit: what is left is not the difference then.
  const left = industry === undefined ? (facts.baseline.balance ?? UNKNOWN) - amount : UNKNOWN;
  const after = left >= 0 ? { balanceAfter: fen(left) } : {};
  return { kind: "approved", record, authentication, holder, ...after };
}

type CashFactsRecord = ReturnType<typeof cryptogramRecord>;

/** The contact card's answer to the request for an approval. It may decide for less, and then nothing was debited. */
export function contactCommitted(state: CashStateOf<"committing">, { answer, sent }: CashEventOf<"cryptogram-made">): CashStep {
  if (answer.kind === "refused") return refuse("card-refused", { statusWord: answer.statusWord });
  const facts = withResults(state.facts, [], ["card-risk-management-performed"]);
  const record = contactRecord(facts, { ...answer, sent });
  const details = namesOfBits(answer.issuerData.cardResults, CVR_BITS);
  if (answer.decision === "ARQC") return refuse("online-required", { details, record, awaiting: facts });
  if (answer.decision === "AAC") return { state: { at: "explaining", facts, holder: state.holder, details }, command: { do: "read-limits" } };
  const { authentication } = state;
  assert(authentication?.kind === "verified", "no approval is asked for a card that is not proved");
  return ended(approved({ facts, holder: state.holder }, authentication, record));
}

function contactRecord(facts: CashFacts, made: CardCryptogram): CashFactsRecord {
  const accountNumber = accountNumberOf(facts.records.data);
  assert(accountNumber !== undefined, "the account number was there before the commit");
  return cryptogramRecord(facts, made, accountNumber);
}

export function contactClosed(state: CashStateOf<"closing">, { answer, sent }: CashEventOf<"cryptogram-made">): CashStep {
  const { reason, details } = state;
  if (answer.kind === "refused") return refuse(reason, { details, statusWord: answer.statusWord });
  // A card that wants less than the host's word declines, and says so.
  if (reason === "online-required" && answer.decision === "AAC")
    return refuse("declined-by-card", { details: namesOfBits(answer.issuerData.cardResults, CVR_BITS) });
  if (answer.decision !== "ARQC") return refuse(reason, { details });
  const facts = withResults(state.facts, [], ["card-risk-management-performed"]);
  return refuse(reason, { details, record: contactRecord(facts, { ...answer, sent }), awaiting: facts });
}

export function limitsRead(state: CashStateOf<"explaining">, { baseline }: CashEventOf<"baseline-read">): CashStep {
  return refuse(explained({ ...state.facts.baseline, ...baseline }, state.facts) ?? "declined-by-card", { details: state.details });
}

/** The card left while it was asked why: the decision stands. */
export function unexplained(state: CashStateOf<"explaining">): CashStep {
  return refuse(explained(state.facts.baseline, state.facts) ?? "declined-by-card", { details: state.details });
}

/**
 * What the card's own figures say against this amount. Balance (9F79), limit of one sale (9F78), then the threshold (9F6D) below which
 * the card wants to go online. Spec: JR/T 0025, electronic cash, checks of an offline sale.
 */
export function explained(
  baseline: CashBaseline,
  { terms }: Pick<CashFacts, "terms">,
): "insufficient-funds" | "amount-above-card-limit" | "balance-below-threshold" | undefined {
  const { amount } = terms;
  const balance = baseline.balance ?? UNLIMITED;
  if (amount > balance) return "insufficient-funds";
  if (amount > (baseline.saleLimit ?? UNLIMITED)) return "amount-above-card-limit";
  return amount + (baseline.resetThreshold ?? UNKNOWN) > balance ? "balance-below-threshold" : undefined;
}

/** Before the commit nothing can have been debited, whatever the channel knows of the command that was lost. */
export function lostBeforeCommit(_state: unknown, { code }: CashEventOf<"card-lost">): CashStep {
  return ended({ kind: "card-lost", code, effectUnknown: false });
}

export function lostAtCommit(_state: unknown, { code, effectUnknown }: CashEventOf<"card-lost">): CashStep {
  return ended({ kind: "card-lost", code, effectUnknown });
}

/** The card left while it was told of a refusal: the refusal stands. */
export function lostAtClosing({ reason, details }: CashStateOf<"closing">): CashStep {
  return refuse(reason, { details });
}
