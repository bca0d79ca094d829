/*
 * Goal: one machine on the list becomes one terminal, however often it asks; a second one, or a copy, becomes none and is named to a person.
 * Method: written from the page of the claim alone. Each claim is one row of the book; the same question finds the same row and gets the same answer.
 * Spec: claim/v1, 3 to 7.
 */
import { type Bytes, fromHex, parseHex, toHex, utf8 } from "../../../device/base/bytes.ts";
import type { Log } from "../../../device/base/log.ts";
import type { Clock, MessageLink, Randomness } from "../../../device/base/ports.ts";
import type { CipherSuite, Sm2PrivateKey } from "../../../device/crypto/face.ts";
import { sm2Wrap } from "../../../device/crypto/sm2-encryption.ts";
import { canonicalize, canonicalText, isFields, type Json, type JsonFields, parseFields, textField } from "../canonical.ts";
import { parseBase64, spoilSignature, toBase64 } from "../sealing.ts";
import { issueCertificate, makeAuthority, readRequest, revocationList } from "./authority.ts";
import { type ClaimBook, type ClaimSession, type CloneReport, type Enrolment, type KeyLoadOrder, openBook, type Ticket } from "./book.ts";
import { type ClaimFaults, noClaimFaults, takeFault } from "./faults.ts";
import { HostKeyChain } from "./host-keys.ts";
import { KeyDesk } from "./key-desk.ts";
import { ownershipOf, type ProfileMaker } from "./profile.ts";

export interface ClaimDeskOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly link: MessageLink;
  readonly log: Log;
  /** Undefined: the book is in memory alone. */
  readonly file: string | undefined;
  /** Point of the host that receipts, given to each terminal. */
  readonly hostPublicKey: string;
  readonly profile: ProfileMaker;
  /** The settlement host learns who is a terminal from now on, and who is none any more. */
  readonly onTerminal: (terminal: {
    readonly tid: string;
    readonly publicKeyHex: string;
    readonly dataKeys: readonly { readonly kid: string; readonly hex: string }[];
  }) => void;
  readonly onGone: (tid: string) => void;
  /** A certificate was revoked: the broker is given the new list and ends the connection of this client. */
  readonly onRevoked?: (revoked: { readonly tid: string; readonly list: string }) => void;
  readonly certificateMs?: number;
  /** So long a terminal whose end was granted may ask again, in case the answer was lost; then its certificates are revoked. */
  readonly retireGraceMs?: number;
  /** Keys that are expected in module and pad of each terminal. */
  readonly keyLoads?: readonly KeyLoadOrder[];
  /** The host's own signing key, so that it can be followed by another; left out: it cannot. */
  readonly hostKey?: Sm2PrivateKey;
}

const DAY_MS = 86_400_000;
const CERTIFICATE_MS = 90 * DAY_MS;
const RETIRE_GRACE_MS = 600_000;
const APPROVAL_RETRY_MS = 5_000;
const REPORTS_MAX = 1_000;
const SEND_MS = 10_000;

type Answer = { readonly [name: string]: Json | undefined };

const refusal = (reason: string): Answer => ({ outcome: "refused", reason });

export class ClaimDesk {
  /** May be changed at any time. */
  readonly faults: ClaimFaults = noClaimFaults();
  readonly reports: CloneReport[] = [];
  readonly #options: ClaimDeskOptions;
  readonly #book: ClaimBook;
  /** Keys of terminals that are there. */
  readonly keys: KeyDesk;
  /** The host's own keys. */
  readonly hostKeys: HostKeyChain;
  readonly #stopped = new AbortController();

  constructor(options: ClaimDeskOptions) {
    this.#options = options;
    const { clock, randomness, file } = options;
    this.#book = openBook(file, () => ({
      authority: makeAuthority(randomness, clock.wallMs()),
      signingScalarHex: toHex(randomness.bytes(32)),
      enrolments: [],
      tickets: [],
      sessions: [],
      revoked: [],
    }));
    this.hostKeys = new HostKeyChain({ ...options, book: this.#book, own: options.hostKey });
    this.keys = new KeyDesk({
      ...options,
      ...{ book: this.#book, hostKeys: this.hostKeys, faults: this.faults },
      onDataKey: (session) => this.#announce(session),
      revoke: (numbers) => this.#withdraw(numbers),
    });
    for (const session of this.sessions) {
      if (session.at === "proved" || session.at === "closed" || session.at === "active") this.#announce(session);
      if (session.at === "retired") this.#endTrust(session);
    }
  }

  get authority() {
    return this.#book.contents.authority;
  }

  /** The point by which terminals know answers to claims. */
  get authorityPoint(): string {
    return toHex(this.#signing().publicKey.point);
  }

  get enrolments(): readonly Enrolment[] {
    return this.#book.contents.enrolments;
  }

  get sessions(): readonly ClaimSession[] {
    return this.#book.contents.sessions;
  }

  listen(): void {
    const { link } = this.#options;
    link.subscribe("pos/v1/boot/+/up", ({ topic, payload }) => this.#receive(topic, payload));
    for (const what of ["claim", "key"]) link.subscribe(`pos/v1/+/up/${what}`, ({ topic, payload }) => this.#receive(topic, payload));
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Puts a machine on the list. */
  enrol(enrolment: Pick<Enrolment, "serial" | "tid" | "merchant" | "site"> & Partial<Enrolment>): Enrolment {
    const { enrolments } = this.#book.contents;
    const known = enrolments.find(({ serial }) => serial === enrolment.serial);
    const row: Enrolment = known ?? { status: "enabled", policy: "keep", approved: true, ...enrolment };
    if (known === undefined) enrolments.push(row);
    const { status, policy, approved } = { ...row, ...enrolment };
    Object.assign(row, { status, policy, approved });
    this.#book.save();
    return row;
  }

  /** A ticket for one machine, used once. */
  issueTicket(serial: string, { again = false, validMs = 30 * DAY_MS }: { readonly again?: boolean; readonly validMs?: number } = {}): string {
    const { suite, randomness, clock } = this.#options;
    const ticket = toHex(randomness.bytes(16));
    const id = toHex(suite.sm3(fromHex(ticket)).subarray(0, 16));
    this.#book.contents.tickets.push({ id, ticket, serial, again, notAfterMs: clock.wallMs() + validMs });
    this.#book.save();
    return ticket;
  }

  /** Orders for the next round of a terminal: a new certificate, a new data key. */
  order(tid: string, what: "certificate" | "data-key"): boolean {
    return this.keys.order(tid, what);
  }

  /** Calls a terminal to look at once what is to change of its keys; false: it is none of ours. */
  call(tid: string): boolean {
    const session = this.sessions.find((each) => each.tid === tid && (each.at === "closed" || each.at === "proved"));
    if (session === undefined) return false;
    this.#send(`pos/v1/${tid}/up/key`, { v: 1, session: session.session, step: "look", of: "", hostTimeMs: this.#options.clock.wallMs() });
    return true;
  }

  /** From now on terminals are told to trust this point, signed by the one before. */
  announceHostKey(next: { readonly publicKey: string; sign(message: Bytes): Bytes }): void {
    this.keys.announceHostKey(next);
  }

  /** The terminal's certificates are trusted no more. */
  revoke(tid: string): boolean {
    const numbers = this.sessions
      .filter((session) => session.tid === tid)
      .flatMap(({ certificate, following }) => [certificate.number, ...(following === undefined ? [] : [following.number])]);
    this.#revoke(tid, numbers);
    return numbers.length > 0;
  }

  revocationList(): string {
    return revocationList(this.authority, this.#book.contents.revoked, this.#options.clock.wallMs());
  }

  report(why: CloneReport["why"], of: string): void {
    const at = this.reports.findIndex((each) => each.why === why && each.of === of);
    const row = { why, of, atMs: this.#options.clock.wallMs(), count: (this.reports[at]?.count ?? 0) + 1 };
    if (at >= 0) this.reports[at] = row;
    else if (this.reports.length < REPORTS_MAX) this.reports.push(row);
    this.#options.log.warn("clone-reported", { why, of });
  }

  #signing() {
    return this.#options.suite.sm2PrivateKey(fromHex(this.#book.contents.signingScalarHex));
  }

  /** The key by which a terminal is signed to; undefined: the host's own. */
  signingFor(tid: string): Sm2PrivateKey | undefined {
    const session = this.sessions.findLast((each) => each.tid === tid && each.at !== "replaced" && each.at !== "retired");
    return this.hostKeys.signingFor(session?.told?.hostKeyCheck);
  }

  #announce(session: ClaimSession): void {
    this.#options.onTerminal({ tid: session.tid, publicKeyHex: session.signingKey, dataKeys: this.keys.dataKeysOf(session) });
  }

  #revoke(tid: string, numbers: readonly string[]): void {
    const { revoked } = this.#book.contents;
    for (const number of numbers) if (!revoked.includes(number)) revoked.push(number);
    this.#book.save();
    this.#options.onRevoked?.({ tid, list: this.revocationList() });
  }

  /** A certificate that its terminal uses no more: listed, and nobody is put out for it. */
  #withdraw(numbers: readonly string[]): void {
    const { revoked } = this.#book.contents;
    for (const number of numbers) if (!revoked.includes(number)) revoked.push(number);
    this.#book.save();
  }

  #receive(topic: string, payload: Bytes): void {
    if (this.#stopped.signal.aborted || this.faults.vanished || takeFault(this.faults, "loseNextQuestions")) return;
    const fields = parseFields(payload);
    if (fields === undefined) return;
    const { sig, ...members } = fields;
    const text = canonicalize(members);
    const step = textField(members, "step");
    const session = textField(members, "session");
    if (text === undefined || typeof sig !== "string" || step === undefined || session === undefined) return;
    const answer = this.faults.refuse === "" ? this.#answer({ topic, step, members, text, sig }) : refusal(this.faults.refuse);
    if (answer !== undefined) this.#send(topic, { v: 1, session, step, of: this.#hash(text), hostTimeMs: this.#options.clock.wallMs(), ...answer });
  }

  #answer(about: {
    readonly topic: string;
    readonly step: string;
    readonly members: JsonFields;
    readonly text: string;
    readonly sig: string;
  }): Answer | undefined {
    const { topic, step, members, text, sig } = about;
    const parts = topic.split("/");
    const boot = parts[2] === "boot";
    if (boot && textField(members, "claim") !== parts[3]) return undefined;
    if (boot && step === "certificate") return this.#certificate(members, text, sig);
    const session = this.sessions.find((each) => each.session === members["session"]);
    if (session === undefined) return refusal("session-unknown");
    if (!this.#verified(session.signingKey, text, sig)) return refusal("signature-wrong");
    if (boot) return step === "register" ? this.#register(session, members) : undefined;
    return session.tid === parts[2] ? this.#ofTerminal(session, { over: parts[4] ?? "", step, members }) : undefined;
  }

  /** A question over the terminal's own certificate. */
  #ofTerminal(
    session: ClaimSession,
    { over, step, members }: { readonly over: string; readonly step: string; readonly members: JsonFields },
  ): Answer | undefined {
    if (over === "key") return session.at === "proved" || session.at === "closed" ? this.keys.answer(session, step, members) : refusal("session-unknown");
    if (step === "proof") return this.#proof(session, members);
    if (step === "done") return this.#done(session);
    return step === "retire" ? this.#retire(session, members) : undefined;
  }

  #verified(point: string, text: string, sig: string): boolean {
    const { suite } = this.#options;
    const [key, signature] = [parseHex(point), parseHex(sig)];
    if (key?.length !== 64 || signature?.length !== 64) return false;
    try {
      return suite.sm2Verify(suite.sm2PublicKey(key), utf8(text), signature);
    } catch {
      // A point off the curve proves nothing.
      return false;
    }
  }

  #hash(text: string): string {
    return toHex(this.#options.suite.sm3(utf8(text)));
  }

  #certificate(members: JsonFields, text: string, sig: string): Answer {
    const { signingKey, serial, session, facts, csr } = members;
    if (typeof signingKey !== "string" || !this.#verified(signingKey, text, sig)) return refusal("signature-wrong");
    const request = typeof csr === "string" ? readRequest(parseBase64(csr) ?? new Uint8Array()) : undefined;
    if (request === undefined || typeof serial !== "string" || typeof session !== "string" || !isFields(facts)) return refusal("request-wrong");
    const ticket = this.#ticket(members);
    if (ticket === undefined) return refusal("ticket-unknown");
    if (ticket.serial !== serial) return refusal("ticket-of-another");
    const known = this.sessions.find((each) => each.session === session);
    if (known !== undefined) return this.#known(known, { signingKey, keyHash: request.keyHash, facts });
    const enrolment = this.enrolments.find((each) => each.serial === serial);
    const obstacle = this.#obstacle(ticket, enrolment, { signingKey, keyHash: request.keyHash });
    if (obstacle !== undefined || enrolment === undefined) return refusal(obstacle ?? "serial-unknown");
    if (this.faults.pendingForEver || !enrolment.approved) return { outcome: "wait", retryMs: APPROVAL_RETRY_MS };
    return this.#begin(enrolment, ticket, { session, signingKey, keyHash: request.keyHash, facts, publicKey: request.publicKey });
  }

  /** The ticket that the question proves to know; undefined where it knows none. */
  #ticket(members: JsonFields): Ticket | undefined {
    const { suite } = this.#options;
    const { proof, ...proved } = members;
    const ticket = this.#book.contents.tickets.find(({ id }) => id === members["ticketId"]);
    const text = canonicalize(proved);
    if (ticket === undefined || text === undefined) return undefined;
    return toHex(suite.hmacSm3(suite.secretKey(fromHex(ticket.ticket)), utf8(text))) === proof ? ticket : undefined;
  }

  /** The same claim once more: the same certificate, if it is the same machine. */
  #known(session: ClaimSession, asked: { readonly signingKey: string; readonly keyHash: string; readonly facts: JsonFields }): Answer {
    if (session.signingKey !== asked.signingKey || session.keyHash !== asked.keyHash || session.facts !== canonicalize(asked.facts)) {
      this.report("facts-changed", session.serial);
      return refusal("another-machine");
    }
    if (session.at === "retired" || session.at === "replaced") return refusal("ticket-used");
    return this.#certified(session);
  }

  #obstacle(ticket: Ticket, enrolment: Enrolment | undefined, keys: { readonly signingKey: string; readonly keyHash: string }): string | undefined {
    if (enrolment === undefined) return "serial-unknown";
    if (enrolment.status === "disabled") return "serial-disabled";
    if (ticket.session !== undefined) {
      this.report("ticket-used", enrolment.serial);
      return "ticket-used";
    }
    if (ticket.notAfterMs < this.#options.clock.wallMs()) return "ticket-expired";
    if (this.sessions.some((each) => each.signingKey === keys.signingKey || each.keyHash === keys.keyHash || each.following?.keyHash === keys.keyHash)) {
      this.report("key-reused", enrolment.serial);
      return "key-reused";
    }
    if (enrolment.session !== undefined && enrolment.status !== "retired" && !ticket.again) {
      this.report("second-device", enrolment.serial);
      return "serial-taken";
    }
    return undefined;
  }

  #begin(
    enrolment: Enrolment,
    ticket: Ticket,
    asked: { readonly session: string; readonly signingKey: string; readonly keyHash: string; readonly facts: JsonFields; readonly publicKey: Bytes },
  ): Answer {
    const { randomness, clock } = this.#options;
    const nowMs = clock.wallMs();
    const validMs = this.#options.certificateMs ?? CERTIFICATE_MS;
    const order = { commonName: enrolment.tid, publicKey: asked.publicKey, notBeforeMs: nowMs - DAY_MS, notAfterMs: nowMs + validMs };
    const { session, signingKey, keyHash } = asked;
    const row: ClaimSession = {
      ...{ session, serial: enrolment.serial, tid: enrolment.tid, signingKey, keyHash, facts: canonicalize(asked.facts) ?? "" },
      certificate: issueCertificate(this.authority, randomness, order),
      at: "pending",
      dataKeys: [],
      hardware: {},
    };
    ticket.session = session;
    this.#book.contents.sessions.push(row);
    this.#book.save();
    return this.#certified(row);
  }

  #certified({ tid, certificate }: ClaimSession): Answer {
    const pem = takeFault(this.faults, "foreignKeyNextCertificates") ? this.authority.certificatePem : certificate.pem;
    return { outcome: "granted", tid, certificate: pem, ca: this.authority.certificatePem };
  }

  #register(session: ClaimSession, members: JsonFields): Answer {
    const { randomness } = this.#options;
    const enrolment = this.enrolments.find(({ serial }) => serial === session.serial);
    if (enrolment === undefined || enrolment.status === "disabled") return refusal("serial-disabled");
    if (session.at === "retired" || session.at === "replaced") return refusal("ticket-used");
    const { facts, serial, certificate } = members;
    if (!isFields(facts) || canonicalize(facts) !== session.facts || serial !== session.serial) {
      this.report("facts-changed", session.serial);
      return refusal("another-machine");
    }
    if (certificate !== session.certificate.fingerprint) return refusal("certificate-wrong");
    const again = enrolment.session !== undefined && enrolment.session !== session.session;
    if (session.at === "pending") {
      session.at = "active";
      session.hardware = wordsOf(members["hardware"]);
      // It is signed to by the key that it is given here.
      const hostKeyCheck = toHex(this.#options.suite.sm3(fromHex(this.hostKeys.newestPoint ?? this.#options.hostPublicKey)).subarray(0, 3));
      session.told = { certificate: session.certificate.fingerprint, dataKeyCheck: "", hostKeyCheck };
      session.dataKeys.push({ kid: `d-${session.session.slice(0, 8)}-1`, hex: toHex(randomness.bytes(16)) });
      this.#book.save();
    }
    this.#announce(session);
    return this.#activation(session, enrolment, again && enrolment.policy === "reset" ? "reset" : "keep");
  }

  #activation(session: ClaimSession, enrolment: Enrolment, state: "keep" | "reset"): Answer {
    const { suite, randomness, profile } = this.#options;
    const hostPublicKey = this.hostKeys.newestPoint ?? this.#options.hostPublicKey;
    const keyLoads = session.keyLoads ?? this.#options.keyLoads ?? [];
    const dataKey = session.dataKeys.at(-1) ?? { kid: "", hex: "" };
    const made = profile({ tid: session.tid, kid: dataKey.kid, ...ownershipOf(enrolment) });
    const { readers: _readers, ...spoiled } = made;
    const plain = utf8(canonicalText(takeFault(this.faults, "spoilNextProfiles") ? spoiled : made));
    const iv = randomness.bytes(16);
    const key = fromHex(dataKey.hex);
    const body = suite.sm4CbcEncrypt(suite.secretKey(key), iv, padded(plain));
    return {
      ...{ outcome: "granted", ...ownershipOf(enrolment), state, hostPublicKey },
      dataKey: { kid: dataKey.kid, wrapped: toHex(sm2Wrap(suite.sm2PublicKey(fromHex(session.signingKey)), key)), check: toHex(suite.sm3(key).subarray(0, 3)) },
      profile: { iv: toHex(iv), body: toBase64(body) },
      keyLoads: keyLoads.map((row) => ({ ...row })),
    };
  }

  /** The certificate was used: from now on the terminal is this machine and no other. */
  #proof(session: ClaimSession, members: JsonFields): Answer {
    if (session.at === "pending" || session.at === "retired" || session.at === "replaced") return refusal("session-unknown");
    if (members["certificate"] !== session.certificate.fingerprint) return refusal("certificate-wrong");
    const enrolment = this.enrolments.find(({ serial }) => serial === session.serial);
    if (enrolment === undefined) return refusal("serial-unknown");
    const before = this.sessions.find((each) => each.session === enrolment.session && each !== session);
    enrolment.session = session.session;
    enrolment.status = "enabled";
    if (session.at === "active") session.at = "proved";
    if (before !== undefined && before.at !== "replaced") {
      before.at = "replaced";
      this.#revoke(session.tid, [before.certificate.number]);
    }
    this.#book.save();
    return { outcome: "granted" };
  }

  #done(session: ClaimSession): Answer {
    if (session.at === "proved") session.at = "closed";
    this.#book.save();
    return session.at === "closed" ? { outcome: "granted" } : refusal("session-unknown");
  }

  /** The terminal goes: its keys are trusted no more. Asked again, the answer is the same. */
  #retire(session: ClaimSession, members: JsonFields): Answer {
    if (session.at !== "retired") {
      session.at = "retired";
      session.retiredMs = this.#options.clock.wallMs();
      const enrolment = this.enrolments.find((each) => each.session === session.session);
      if (enrolment !== undefined) enrolment.status = "retired";
      this.#options.log.info("terminal-retired", { tid: session.tid, exported: members["exported"] === true });
      this.#options.onGone(session.tid);
      this.#book.save();
      this.#endTrust(session);
    }
    return { outcome: "granted" };
  }

  /** Whoever has kept a copy of its keys gets no connection either, as soon as the terminal itself needs none any more. */
  #endTrust({ tid, session, retiredMs = 0, certificate, following }: ClaimSession): void {
    const { clock, log, retireGraceMs = RETIRE_GRACE_MS } = this.#options;
    const numbers = [certificate.number, ...(following === undefined ? [] : [following.number])];
    if (numbers.every((number) => this.#book.contents.revoked.includes(number))) return;
    clock.sleep(Math.max(0, retiredMs + retireGraceMs - clock.wallMs()), this.#stopped.signal).then(
      () => {
        // The machine may be a terminal again; nobody puts that one out.
        const isAgain = this.sessions.some((each) => each.tid === tid && each.session !== session && each.at !== "replaced" && each.at !== "retired");
        if (isAgain) this.#withdraw(numbers);
        else this.#revoke(tid, numbers);
        log.info("retired-terminal-revoked", { tid });
      },
      // Stopped: the next start does it.
      () => undefined,
    );
  }

  #send(topic: string, members: Answer): void {
    const { faults } = this;
    const { suite, link, clock, log } = this.#options;
    if (takeFault(faults, "loseNextAnswers")) return;
    const body = takeFault(faults, "otherQuestionNextAnswers") ? { ...members, of: "0".repeat(64) } : members;
    const sig = toHex(suite.sm2Sign(this.#signing(), utf8(canonicalText(body))));
    const payload = utf8(canonicalText({ ...body, sig: takeFault(faults, "wrongSignatureNextAnswers") ? spoilSignature(sig) : sig }));
    const times = takeFault(faults, "duplicateNextAnswers") ? 2 : 1;
    const down = topic.replace(/\/up(\/(?:claim|key))?$/, "/dn$1");
    const publish = async () => {
      if (faults.slowMs > 0) await clock.sleep(faults.slowMs);
      for (let copy = 0; copy < times; copy += 1) await link.publish(down, payload, { qos: 0, timeoutMs: SEND_MS, signal: new AbortController().signal });
    };
    // A lost answer is asked for again.
    publish().catch((error: unknown) => log.warn("claim-answer-not-sent", { error: error instanceof Error ? error.name : "unknown" }));
  }
}

function padded(plain: Bytes): Bytes {
  const fill = 16 - (plain.length % 16);
  const whole = new Uint8Array(plain.length + fill).fill(fill);
  whole.set(plain);
  return whole;
}

function wordsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isFields(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
