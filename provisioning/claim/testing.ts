/* For tests: a machine whose power fails at will, a place to claim at, and what is between them. */
import type { Bytes } from "../../device/base/bytes.ts";
import { toHex, utf8 } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import { SILENT } from "../../device/base/log.ts";
import type { MessageLink } from "../../device/base/ports.ts";
import type { JsonValue } from "../../device/codec/json.ts";
import { testKeyGuard } from "../../device/config/test-key-guard.ts";
import type { Sm2PrivateKey } from "../../device/crypto/face.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { certificateFacts } from "../../device/crypto/tls-identity.ts";
import { SimulatedBroker } from "../../simulators/broker/in-process.ts";
import { type ChangeFate, SimulatedStorageDisk } from "../../simulators/disk/storage.ts";
import { ClaimDesk, type ClaimDeskOptions } from "../../simulators/host/claim/desk.ts";
import { profileFrom } from "../../simulators/host/claim/profile.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import type { MachineFacts } from "./facts.ts";
import { CARE_FILES, type CareOutcome, careForKeys, finishKeyChange, type KeyCarePorts } from "./key-care.ts";
import { keyLine } from "./key-file.ts";
import type { ClaimPorts, TestKeyGuard } from "./ports.ts";
import { type ClaimOptions, type ClaimOutcome, runClaim } from "./run.ts";

export const suite = openCipherSuite();
export const START_MS = 1_790_000_000_000;
export const SERIAL = "YKT-0001";

/** Broker, claim desk and what the settlement host was told of terminals. */
export class ClaimPlace {
  readonly clock = new VirtualClock(START_MS);
  readonly randomness: SeededRandomness;
  readonly broker: SimulatedBroker;
  readonly desk: ClaimDesk;
  readonly hostKey: Sm2PrivateKey;
  readonly known = new Map<string, string>();
  readonly revoked: string[] = [];

  constructor(seed: string, options: Partial<ClaimDeskOptions> = {}) {
    this.randomness = new SeededRandomness(seed);
    this.hostKey = suite.sm2PrivateKey(this.randomness.bytes(32));
    this.broker = new SimulatedBroker(this.clock, this.randomness);
    this.desk = new ClaimDesk({
      clock: this.clock,
      randomness: this.randomness,
      suite,
      link: this.broker.link("pos-host"),
      log: SILENT,
      file: undefined,
      hostPublicKey: toHex(this.hostKey.publicKey.point),
      hostKey: this.hostKey,
      profile: profileFrom(undefined, { brokerUrl: "mqtt://127.0.0.1:1883", journalFolder: "/var/lib/yikatong/journal" }),
      onTerminal: ({ tid, publicKeyHex }) => this.known.set(tid, publicKeyHex),
      onGone: (tid) => this.known.delete(tid),
      onRevoked: ({ tid }) => this.revoked.push(tid),
      ...options,
    });
    this.desk.listen();
    this.desk.enrol({ serial: SERIAL, tid: "T001", merchant: "M-1", site: "S-1" });
  }

  claimFile(ticket: string, change: object = {}): Bytes {
    return utf8(
      JSON.stringify({ v: 1, claim: "C-1", brokerUrl: "mqtt://127.0.0.1:1883", ticket, authority: this.desk.authorityPoint, serial: SERIAL, ...change }),
    );
  }
}

/** A machine with three places that survive a power cut, and what it says of itself. */
export class ClaimMachine {
  readonly disk = new SimulatedStorageDisk();
  readonly #place: ClaimPlace;
  readonly #name: string;
  facts: MachineFacts;
  guard: TestKeyGuard = testKeyGuard(suite);
  /** Why a profile is not taken, as the configuration's own check would say. */
  profileProblem: string | undefined;
  profile: JsonValue | undefined;
  resets = 0;
  /** Asked at every change and every message; true cuts the power there. */
  cutAt: (() => "before" | "during" | "after" | undefined) | undefined;
  #end = new AbortController();

  constructor(place: ClaimPlace, name: string, facts: MachineFacts = { "machine-id": name, "disk-id": `disk-${name}` }) {
    this.#place = place;
    this.#name = name;
    this.facts = facts;
    this.disk.onChange((): ChangeFate => {
      const when = this.cutAt?.();
      return when === undefined ? { kind: "go" } : { kind: "cut", when };
    });
    this.disk.onCut(() => this.#end.abort());
  }

  /** Copies everything that is on another machine's disk. */
  cloneFrom(other: ClaimMachine): void {
    for (const [name, contents] of other.disk.files) this.disk.damage(name, contents);
  }

  /** Cuts the power at the change or message of this number, counted from now; at no other. */
  cutOnce(at: number, when: "before" | "during" | "after"): void {
    let count = 0;
    this.cutAt = () => {
      count += 1;
      return count === at ? when : undefined;
    };
  }

  give(file: Bytes): void {
    this.disk.damage("etc.claim", file);
  }

  has(name: string): boolean {
    return this.disk.files.has(name);
  }

  ports(): ClaimPorts {
    const files = this.disk.open();
    const under = (prefix: string): ClaimPorts["identity"] => ({
      read: (name) => files.read(`${prefix}.${name}`),
      write: (name, contents) => files.write(`${prefix}.${name}`, contents),
      remove: (name) => files.remove(`${prefix}.${name}`),
      list: () => files.list(),
    });
    const { clock, randomness, broker } = this.#place;
    return {
      ...{ clock, randomness, suite, log: SILENT, identity: under("identity"), config: under("config") },
      guard: this.guard,
      claimFile: { read: () => files.read("etc.claim"), erase: () => files.remove("etc.claim") },
      facts: () => Promise.resolve(this.facts),
      hardware: () => Promise.resolve({ arch: "arm64" }),
      saveProfile: async (profile) => {
        if (this.profileProblem !== undefined) return this.profileProblem;
        if (typeof profile === "object" && profile !== null && !("readers" in profile)) return "readers: missing";
        await files.write("config.profile", utf8(JSON.stringify(profile)));
        this.profile = profile;
        return undefined;
      },
      resetState: async () => {
        this.resets += 1;
        return undefined;
      },
      places: { link: "/identity/link.pem", authority: "/identity/ca.pem" },
      connect: (how) => this.watched(broker.link(how.as === "claim" ? how.clientId : `${how.tid}-${this.#name}`)),
    };
  }

  /** One life: until the claim ends, or the power fails ("cut"). */
  async life(options: Partial<ClaimOptions> = {}): Promise<ClaimOutcome | "cut"> {
    this.#end = new AbortController();
    const cut = new Promise<"cut">((resolve) => {
      this.#end.signal.addEventListener("abort", () => resolve("cut"), { once: true });
    });
    const claim = runClaim(this.ports(), { once: false, moved: false, signal: this.#end.signal, ...options });
    claim.catch(() => undefined);
    return this.#place.clock.resolve(Promise.race([cut, claim]));
  }

  #cutNow(): boolean {
    if (this.cutAt?.() === undefined) return false;
    this.disk.cut();
    return true;
  }

  /** Each message that leaves or comes is a moment in which the power may fail. */
  watched(link: MessageLink): MessageLink {
    return {
      get state() {
        return link.state;
      },
      publish: async (topic, payload, options) => {
        if (this.#cutNow()) return;
        await link.publish(topic, payload, options);
        this.#cutNow();
      },
      subscribe: (topic, listener) =>
        link.subscribe(topic, (message) => {
          if (!this.#cutNow()) listener(message);
        }),
      onState: (listener) => link.onState(listener),
      close: () => link.close(),
    };
  }
}

/** A terminal that was claimed. */
export async function claimed(seed: string, options: Partial<ClaimDeskOptions> = {}) {
  const place = new ClaimPlace(seed, options);
  const machine = new ClaimMachine(place, "one");
  machine.give(place.claimFile(place.desk.issueTicket(SERIAL)));
  await machine.life();
  return { place, machine };
}

export function fingerprint(machine: ClaimMachine, name = "identity.link.pem"): string | undefined {
  return certificateFacts(new TextDecoder().decode(machine.disk.files.get(name) ?? new Uint8Array()))?.fingerprint;
}

export function line(machine: ClaimMachine, name: string): string | undefined {
  return keyLine(machine.disk.files.get("config.terminal.keys") ?? new Uint8Array(), name);
}

/** Rounds of the care for keys that follow one another. */
export interface CareLife {
  /** What each connection was made with. */
  readonly used: string[];
  laterMs: number;
  /** A line with the next certificate is refused by the broker, or made with nothing. */
  nextRefused?: "silent" | "throws";
  guard?: TestKeyGuard;
}

function portsOf(place: ClaimPlace, machine: ClaimMachine, life: CareLife): KeyCarePorts {
  const { identity, config } = machine.ports();
  const { clock, randomness, broker } = place;
  return {
    ...{ clock, randomness, suite, log: SILENT, identity, config },
    nowMs: () => clock.wallMs() + life.laterMs,
    ...(life.guard === undefined ? {} : { guard: life.guard }),
    connect: (which, tid): MessageLink => {
      if (which === "next" && life.nextRefused === "throws") throw new Fault("link-refused", "the certificate cannot be used", { effectUnknown: false });
      life.used.push(fingerprint(machine, which === "next" ? `identity.${CARE_FILES.nextLink}` : undefined) ?? "none");
      const link = broker.link(`${tid}-care-${life.used.length}`);
      return machine.watched(which === "next" && life.nextRefused === "silent" ? refused(link) : link);
    },
    saveKid: (kid) => config.write("kid", new TextEncoder().encode(kid)),
  };
}

/** A line that a broker takes nothing over: it is never up. */
function refused(link: MessageLink): MessageLink {
  return {
    state: "down",
    publish: (topic, payload, options) => link.publish(topic, payload, options),
    subscribe: (topic, listener) => link.subscribe(topic, listener),
    onState: () => undefined,
    close: () => link.close(),
  };
}

/** One round, begun with what a start does; "cut": the power failed. */
export async function round(place: ClaimPlace, machine: ClaimMachine, life: CareLife = { used: [], laterMs: 0 }): Promise<CareOutcome | "cut"> {
  const over = new AbortController();
  const cut = new Promise<"cut">((resolve) => {
    machine.disk.onCut(() => {
      over.abort();
      resolve("cut");
    });
  });
  const ports = portsOf(place, machine, life);
  const work = finishKeyChange(ports).then(() => careForKeys(ports, { signal: over.signal }));
  work.catch(() => undefined);
  return place.clock.resolve(Promise.race([cut, work]));
}
