/*
 * Goal: a claim that is cut off anywhere goes on where it was, with the same keys, and asks the host nothing twice that would make a second terminal.
 * Method: machine.ts decides; each new state is durable before anything is done in it, and everything that is done can be done again.
 */
import { assert } from "../../device/base/assert.ts";
import { toHex } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import type { MessageLink } from "../../device/base/ports.ts";
import { certificateFacts } from "../../device/crypto/tls-identity.ts";
import { AskingLink, type AskParts } from "./ask.ts";
import { type ClaimFile, parseClaimFile } from "./claim-file.ts";
import { IDENTITY_FILES, type Identity, readIdentity, readObject, readState, writeState } from "./identity.ts";
import { install } from "./install.ts";
import { KEY_FILE, keyLine } from "./key-file.ts";
import { type ClaimKeys, makeKeys, readKeys } from "./keys.ts";
import { CLAIM_RULES, decide, resume } from "./machine.ts";
import { eventOf, type Question } from "./messages.ts";
import type { ClaimPorts } from "./ports.ts";
import { type Asking, bootQuestion, ownQuestion } from "./questions.ts";
import type { Action, ClaimRules, ClaimStep, Event, State } from "./types.ts";

export interface ClaimOptions {
  /** Ends instead of waiting for a person or a host that is away. */
  readonly once: boolean;
  /** A terminal that was claimed on another machine, or is to be claimed again; takes a new ticket. */
  readonly moved: boolean;
  readonly signal: AbortSignal;
  /** The table; a test exchanges a rule here to see that it is missed. */
  readonly rules?: ClaimRules;
}

export type ClaimOutcome =
  | { readonly kind: "claimed"; readonly tid: string; readonly confirmed: boolean }
  /** What is missing can come later; the next start goes on from here. */
  | { readonly kind: "unfinished"; readonly at: State["at"]; readonly reason: string };

const ANSWER_TIMEOUT_MS = 15_000;
const SILENT_PAUSE_MS = 2_000;
const SILENT_PAUSE_MAX_MS = 60_000;
/** What a host refuses, a person has to change. */
const REFUSED_PAUSE_MS = 300_000;
const SILENT_DOUBLINGS_MAX = 5;
const ONCE_SILENT_MAX = 3;

/** Why the machine pauses, for people. */
function reasonOf(action: Extract<Action, { do: "pause" }>): string {
  if (action.because === "silent") return "no-answer";
  return action.because === "waiting" ? "waiting-for-approval" : action.reason;
}

/** One lost message is no answer. */
function isWorthAnotherTry(action: Extract<Action, { do: "pause" }>): boolean {
  return action.because === "silent" && action.count < ONCE_SILENT_MAX;
}

/** How a claim ends that does not wait. Without the host's last word it is over all the same. */
function stopped(state: State, action: Extract<Action, { do: "pause" }>): ClaimOutcome {
  if (state.at === "confirming") return { kind: "claimed", tid: state.tid, confirmed: false };
  return { kind: "unfinished", at: state.at, reason: reasonOf(action) };
}

/** Carries a claim as far as it goes. Faults: "config-invalid" (the claim's file), "not-claimed" (nothing to go on with), "cancelled", those of the storages. */
export async function runClaim(ports: ClaimPorts, options: ClaimOptions): Promise<ClaimOutcome> {
  const run = new ClaimRun(ports, options);
  try {
    return await run.run();
  } finally {
    await run.close();
  }
}

/** Where a claim begins or goes on. Faults: "not-claimed". */
async function startOf({ identity, claimFile }: ClaimPorts, { moved }: ClaimOptions): Promise<State> {
  const end = await readObject(identity, IDENTITY_FILES.decommission);
  if (end !== undefined && end["at"] !== "over")
    throw new Fault("decommissioned", "this terminal is being decommissioned; end that first", { effectUnknown: false });
  const stored = await readState(identity);
  if (stored === undefined) return { at: "unkeyed", moved: false };
  const over = stored.at === "claimed" || stored.at === "confirming";
  if (!moved || !over) return stored;
  if ((await claimFile.read()) === undefined)
    throw new Fault("not-claimed", "a terminal that moved needs a new ticket; there is no claim file", { effectUnknown: false });
  return { at: "unkeyed", moved: true };
}

class ClaimRun {
  readonly #ports: ClaimPorts;
  readonly #options: ClaimOptions;
  readonly #rules: ClaimRules;
  #file: ClaimFile | undefined;
  #keys: ClaimKeys | undefined;
  #link: { readonly as: "claim" | "terminal"; readonly link: AskingLink } | undefined;
  #silent = 0;

  constructor(ports: ClaimPorts, options: ClaimOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#rules = options.rules ?? CLAIM_RULES;
  }

  async run(): Promise<ClaimOutcome> {
    const { identity, log } = this.#ports;
    let state = await startOf(this.#ports, this.#options);
    await this.#readFile(state);
    // A claim that begins again leaves its start behind before it makes keys, so that no cut brings back what was before.
    if (state.at === "unkeyed") await writeState(identity, state);
    let action = resume(state);
    while (action.do !== "end") {
      if (action.do === "pause" && this.#options.once && !isWorthAnotherTry(action)) return stopped(state, action);
      const event = await this.#act(action, state);
      const step = decide(this.#rules, state, event);
      if (step.state.at !== state.at) {
        await writeState(identity, step.state);
        log.info("claim-step", { at: step.state.at });
      }
      ({ state, next: action } = step);
    }
    assert("tid" in state, "a claim that ends has a name");
    return { kind: "claimed", tid: state.tid, confirmed: state.at === "claimed" };
  }

  async close(): Promise<void> {
    await this.#link?.link.close();
    this.#link = undefined;
  }

  /** The claim's file is needed until it is erased. */
  async #readFile(state: State): Promise<void> {
    const contents = await this.#ports.claimFile.read();
    const needed = state.at === "unkeyed" || state.at === "requesting" || state.at === "registering" || state.at === "installing";
    if (contents === undefined) {
      if (needed) throw new Fault("not-claimed", "there is no claim file, and this machine is nobody's terminal", { effectUnknown: false });
      return;
    }
    const parsed = parseClaimFile(contents);
    if (typeof parsed === "string" && !needed) return;
    if (typeof parsed === "string") throw new Fault("config-invalid", `the claim file: ${parsed}`, { effectUnknown: false });
    this.#file = parsed;
  }

  #act(action: Exclude<Action, { do: "end" }>, state: State): Promise<Event> {
    switch (action.do) {
      case "make-keys":
        return this.#makeKeys();
      case "ask":
        return this.#ask(action.step, state);
      case "pause":
        return this.#pause(action);
      case "install":
        return this.#install(state);
      case "erase":
        return this.#ports.claimFile.erase().then(() => ({ is: "erased" }));
    }
  }

  async #makeKeys(): Promise<Event> {
    await makeKeys(this.#ports);
    return { is: "keys-made" };
  }

  async #pause(action: Extract<Action, { do: "pause" }>): Promise<Event> {
    const { clock, log, randomness } = this.#ports;
    const share = (randomness.bytes(1)[0] ?? 0) / 0x100;
    const wholeMs = action.because === "waiting" ? action.retryMs : this.#pauseMs(action);
    log.warn("claim-pauses", { reason: reasonOf(action) });
    // Between half and all of it, so that machines that were switched on together do not ask together.
    await clock.sleep(Math.ceil(wholeMs * (0.5 + share / 2)), this.#options.signal);
    return { is: "paused" };
  }

  #pauseMs(action: Extract<Action, { do: "pause" }>): number {
    if (action.because !== "silent") return REFUSED_PAUSE_MS;
    return Math.min(SILENT_PAUSE_MAX_MS, SILENT_PAUSE_MS * 2 ** Math.min(action.count - 1, SILENT_DOUBLINGS_MAX));
  }

  async #install(state: State): Promise<Event> {
    assert(state.at === "installing", "only what was registered is installed");
    const problem = await install(this.#ports, { state, keys: await this.#claimKeys(), file: this.#file });
    return problem === undefined ? { is: "installed" } : { is: "not-installable", why: problem };
  }

  /** The keys of this claim; undefined when they are in their places already. */
  async #claimKeys(): Promise<ClaimKeys | undefined> {
    this.#keys ??= await readKeys(this.#ports.identity);
    return this.#keys;
  }

  async #ask(step: ClaimStep, state: State): Promise<Event> {
    const { clock, log, suite } = this.#ports;
    const { signal } = this.#options;
    const question = await this.#question(step, state);
    const parts: AskParts = { clock, log, suite, signal, authority: suite.sm2PublicKey(question.authority) };
    const link = await this.#linkFor(step, state);
    const answer = await link.ask(parts, question, ANSWER_TIMEOUT_MS);
    const event = answer === undefined ? undefined : eventOf(step, answer);
    if (event === undefined) {
      this.#silent += 1;
      return { is: "silent", count: this.#silent };
    }
    this.#silent = 0;
    if (event.is === "certificate-granted" && !(await this.#isOurs(event))) return { is: "refused", reason: "certificate-of-another" };
    return event;
  }

  /** A certificate for another key or another name is of no use, whoever signed the answer. */
  async #isOurs({ tid, certificate, authority }: Extract<Event, { is: "certificate-granted" }>): Promise<boolean> {
    const keys = await this.#claimKeys();
    return keys !== undefined && certificateFacts(certificate)?.commonName === tid && keys.fits(certificate, authority);
  }

  async #question(step: ClaimStep, state: State): Promise<Question & { readonly authority: Uint8Array }> {
    if (step === "certificate" || step === "register") {
      const keys = await this.#claimKeys();
      const file = this.#file;
      if (keys === undefined || file === undefined) throw new Fault("store-corrupt", "the keys of the claim are missing", { effectUnknown: false });
      return bootQuestion(this.#asking(), { step, state, keys, file });
    }
    const identity = await this.#identity();
    const contents = await this.#ports.config.read(KEY_FILE);
    const scalar = contents === undefined ? undefined : keyLine(contents, "signing-scalar");
    if (scalar === undefined) throw new Fault("key-missing", "the terminal's signing key is missing", { effectUnknown: false });
    return ownQuestion(this.#asking(), { step, identity, scalar, certificate: await this.#ports.identity.read(IDENTITY_FILES.link) });
  }

  #asking(): Asking {
    const { suite, facts, hardware } = this.#ports;
    return { suite, facts, hardware };
  }

  async #identity(): Promise<Identity> {
    const identity = await readIdentity(this.#ports.identity);
    if (identity === undefined) throw new Fault("store-corrupt", "the identity is missing", { effectUnknown: false });
    return identity;
  }

  async #linkFor(step: ClaimStep, state: State): Promise<AskingLink> {
    const as = step === "certificate" || step === "register" ? "claim" : "terminal";
    if (this.#link?.as === as) return this.#link.link;
    await this.close();
    const link = new AskingLink(await this.#open(as, state));
    this.#link = { as, link };
    return link;
  }

  async #open(as: "claim" | "terminal", state: State): Promise<MessageLink> {
    const { connect, randomness } = this.#ports;
    if (as === "terminal") {
      assert("tid" in state, "a terminal that connects has a name");
      return connect({ as, tid: state.tid });
    }
    assert(this.#file !== undefined, "a claim has its file");
    // Several machines may share credentials: brokers end the older connection of a client identifier.
    return connect({ as, file: this.#file, clientId: `claim-${toHex(randomness.bytes(8))}` });
  }
}
