/*
 * The issuer's answer to an ARQC taken to the card: its proof, its scripts, and the second GENERATE AC. The card must not have left since
 * the first one. Spec: JR/T 0025, issuer authentication, script processing, completion.
 */
import { type Bytes, EMPTY } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { bitsOf } from "../../codec/bit-names.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import { type StatusInformation, TVR_BITS, TVR_LENGTH, type VerificationResult } from "../../codec/verification-results.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { authenticateIssuer, type GenerateAnswer, generateCryptogram, type IssuerAnswer, listValues, runIssuerScript, type ScriptResult } from "./generate.ts";
import type { CashFacts } from "./record.ts";
import { terminalData } from "./terminal-data.ts";

const SECOND_LIST = 0x8d;
const RESPONSE_CODE = 0x8a;
const ISSUER_AUTHENTICATION_OFFERED = 0x04;
const SCRIPT_BEFORE_FINAL = 0x71;
/** Scripts of one answer that are run. */
export const SCRIPTS_MAX = 8;

export interface OnlineCompletion {
  /** Whether the card believed the issuer; undefined when it was not asked. */
  readonly issuerBelieved?: boolean;
  readonly answer: GenerateAnswer;
  readonly scripts: readonly ScriptResult[];
  /** TVR and TSI as they stand at the end. */
  readonly results: readonly VerificationResult[];
  readonly status: readonly StatusInformation[];
}

export interface OnlineRequest {
  readonly facts: CashFacts;
  readonly issuer: IssuerAnswer;
  /** Whether the issuer approved: what the response code means is the host's matter. */
  readonly approved: boolean;
  readonly profile: Pick<CardProfile, "df60Segment">;
}

/**
 * Completes a transaction that went online. Scripts may change the card, its balance too, so faults have unknown effect as the channel says:
 * what then holds is read from the card (9F79, 9F36) when it returns.
 */
export async function completeOnline(channel: CardChannel, request: OnlineRequest, limits: Limits): Promise<OnlineCompletion> {
  const { facts, issuer } = request;
  const results = new Set(facts.results);
  const status = new Set(facts.status);
  const believed = await takeProof(channel, request, limits);
  if (believed !== undefined) status.add("issuer-authentication-performed");
  if (believed === false) results.add("issuer-authentication-failed");
  const [before, after] = splitScripts(issuer.scripts);
  const first = await runScripts(channel, before, limits);
  if (first.some(({ kind }) => kind !== "done")) results.add("script-failed-before-final");
  const known = new Map(
    terminalData({ terminal: facts.terminal, terms: facts.terms, profile: request.profile, verificationResults: bitsOf(TVR_LENGTH, TVR_BITS, results) }),
  );
  known.set(RESPONSE_CODE, issuer.responseCode);
  const data = listValues(facts.records.data, SECOND_LIST, known)?.bytes ?? EMPTY;
  const answer = await generateCryptogram(channel, { wanted: request.approved ? "TC" : "AAC", data }, limits);
  const second = await runScripts(channel, after, limits);
  if (second.some(({ kind }) => kind !== "done")) results.add("script-failed-after-final");
  if (issuer.scripts.length > 0) status.add("script-processing-performed");
  return {
    ...(believed === undefined ? {} : { issuerBelieved: believed }),
    answer,
    scripts: [...first, ...second],
    results: [...results],
    status: [...status],
  };
}

async function takeProof(channel: CardChannel, { facts, issuer }: OnlineRequest, limits: Limits): Promise<boolean | undefined> {
  const offered = ((facts.options.interchangeProfile[0] ?? 0) & ISSUER_AUTHENTICATION_OFFERED) !== 0;
  if (!offered || issuer.proof === undefined) return undefined;
  return authenticateIssuer(channel, { proof: issuer.proof, responseCode: issuer.responseCode }, limits);
}

/** Template 71 runs before the second GENERATE AC, everything else after it. */
function splitScripts(scripts: readonly Bytes[]): readonly [before: readonly Bytes[], after: readonly Bytes[]] {
  const taken = scripts.slice(0, SCRIPTS_MAX);
  return [taken.filter((script) => script[0] === SCRIPT_BEFORE_FINAL), taken.filter((script) => script[0] !== SCRIPT_BEFORE_FINAL)];
}

async function runScripts(channel: CardChannel, scripts: readonly Bytes[], limits: Limits): Promise<readonly ScriptResult[]> {
  const results: ScriptResult[] = [];
  for (const script of scripts) results.push(await runIssuerScript(channel, script, limits));
  return results;
}
