/* What each step of a claim asks. Spec: claim/v1, 4. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import { canonicalJson } from "../../device/codec/json.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { certificateFacts } from "../../device/crypto/tls-identity.ts";
import type { ClaimFile } from "./claim-file.ts";
import { hashFacts, type MachineFacts, serialOf } from "./facts.ts";
import type { Identity } from "./identity.ts";
import { type ClaimKeys, signingKeyOf } from "./keys.ts";
import { bootTopics, claimTopics, makeQuestion, type Question } from "./messages.ts";
import type { ClaimStep, JsonObject, State } from "./types.ts";

export interface Asking {
  readonly suite: CipherSuite;
  readonly facts: () => Promise<MachineFacts>;
  readonly hardware: () => Promise<Readonly<Record<string, string>>>;
}

type Addressed = Question & { readonly authority: Bytes };

/** First half of the hash of a ticket: by it the host finds the ticket, and nobody can use it. */
function ticketIdOf(suite: CipherSuite, ticket: string): string {
  return toHex(suite.sm3(fromHex(ticket)).subarray(0, 16));
}

/** What the machine calls itself: the claim's file prevails, because not every board has a number. Faults: "config-invalid". */
export function claimSerial(file: ClaimFile, facts: MachineFacts): string {
  const serial = file.serial ?? serialOf(facts);
  if (serial !== undefined) return serial;
  throw new Fault("config-invalid", "this machine says no serial number; the claim file has to name it", { effectUnknown: false });
}

/** A question over the claim's credentials. */
export async function bootQuestion(
  asking: Asking,
  about: { readonly step: "certificate" | "register"; readonly state: State; readonly keys: ClaimKeys; readonly file: ClaimFile },
): Promise<Addressed> {
  const { suite } = asking;
  const { step, state, keys, file } = about;
  const signing = signingKeyOf(suite, keys.signingScalar);
  const facts = await asking.facts();
  const serial = claimSerial(file, facts);
  const common = { v: 1, claim: file.claim, session: keys.session, step, serial, facts: hashFacts(suite, keys.factsKey, { facts, names: file.facts }) };
  const topics = bootTopics(file.claim);
  const authority = fromHex(file.authority);
  if (step === "register") {
    assert(state.at === "registering", "a machine that registers has its certificate");
    const certificate = certificateFacts(state.certificate)?.fingerprint ?? "";
    return { ...makeQuestion({ suite, signing }, topics, { ...common, tid: state.tid, certificate, hardware: await asking.hardware() }), authority };
  }
  const moved = state.at === "requesting" && state.moved;
  const members: JsonObject = {
    ...common,
    ...(moved ? { moved } : {}),
    ticketId: ticketIdOf(suite, file.ticket),
    signingKey: toHex(signing.publicKey.point),
    csr: keys.csr,
  };
  // The ticket itself never travels: whoever listens at the broker could use it first.
  const proof = toHex(suite.hmacSm3(suite.secretKey(fromHex(file.ticket)), utf8(canonicalJson(members))));
  return { ...makeQuestion({ suite, signing }, topics, { ...members, proof }), authority };
}

/** A question over the terminal's own certificate. */
export function ownQuestion(
  { suite }: Pick<Asking, "suite">,
  about: {
    readonly step: Exclude<ClaimStep, "certificate" | "register">;
    readonly identity: Identity;
    readonly scalar: string;
    readonly certificate: Bytes | undefined;
  },
): Addressed {
  const { step, identity, scalar, certificate } = about;
  const { tid, session } = identity;
  const fingerprint = certificate === undefined ? undefined : certificateFacts(new TextDecoder().decode(certificate))?.fingerprint;
  const members = { v: 1, tid, session, step, certificate: fingerprint ?? "" };
  return { ...makeQuestion({ suite, signing: signingKeyOf(suite, scalar) }, claimTopics(tid), members), authority: fromHex(identity.authority) };
}
