/* For tests of documents only: a terminal's sync over a disk that can lose its power, and the simulated settlement host that publishes. */
import { SimulatedBroker } from "../../../simulators/broker/in-process.ts";
import { SimulatedStorageDisk } from "../../../simulators/disk/storage.ts";
import type { Publication } from "../../../simulators/host/downlink.ts";
import { Ledger } from "../../../simulators/host/ledger.ts";
import { hostKeys, openSettlementHost } from "../../../simulators/host/settlement.ts";
import { testDebitOracle } from "../../../simulators/host/tac-oracle.ts";
import { Power, poweredClock } from "../../../simulators/world/power.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Bytes, toHex, utf8 } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { MessageLink } from "../../base/ports.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import type { DocumentAnswer, DocumentTaker, HostDocument } from "../../txn/hosts.ts";
import { openInlineSealer } from "../batch/seal-inline.ts";
import { openSync, type Sync } from "../sync.ts";
import { DATA_KEY, HOST_SCALAR, KEYS, KID, listeningLog, MemoryJournal, suite, TID, terminalKey } from "../testing.ts";
import type { DownlinkOptions } from "./downlink.ts";

export const REGION = "530100";
export const HOST_TIME_MS = 1_790_000_000_000;

/** A taker whose memory survives a power cut. */
export class MemoryTaker implements DocumentTaker {
  readonly stream: string;
  readonly taken: HostDocument[] = [];
  /** What the next documents get instead of "taken". */
  readonly script: (DocumentAnswer | "disk-fault" | "never")[] = [];
  newest = 0;

  constructor(stream: string) {
    this.stream = stream;
  }

  have(): number {
    return this.newest;
  }

  take(document: HostDocument): Promise<DocumentAnswer> {
    const next = this.script.shift();
    if (next === "never") return new Promise(() => undefined);
    if (next === "disk-fault") return Promise.reject(new Fault("store-broken", "the taker's disk", { effectUnknown: true }));
    if (next !== undefined) return Promise.resolve(next);
    this.taken.push(document);
    this.newest = document.sequence;
    return Promise.resolve({ kind: "taken" });
  }
}

function poweredLink(link: MessageLink, power: Power): MessageLink {
  return {
    get state() {
      return link.state;
    },
    publish: (...args) => (power.on ? power.guard(link.publish(...args)) : Power.never()),
    subscribe: (topic, listener) => link.subscribe(topic, (message) => power.on && listener(message)),
    onState: (listener) => link.onState((state) => power.on && listener(state)),
    close: () => link.close(),
  };
}

/** Text that hardly deflates, so that it has as many parts as its length says. */
export function noise(seed: string, length: number): Bytes {
  return new SeededRandomness(seed).bytes(length);
}

export function makeDownlinkWorld(seed: string, streams: readonly string[], options: Partial<DownlinkOptions> = {}) {
  const draw = new SeededRandomness(seed);
  const clock = new VirtualClock(HOST_TIME_MS);
  const broker = new SimulatedBroker(clock, draw.stream("broker"));
  const host = openSettlementHost({
    clock,
    randomness: draw.stream("host"),
    suite,
    keys: hostKeys(suite, { signingScalarHex: toHex(HOST_SCALAR), dataKeysHex: { [KID]: toHex(DATA_KEY) } }),
    ledger: Ledger.open(":memory:"),
    terminals: [{ tid: TID, publicKey: terminalKey.publicKey, kids: [KID] }],
    link: broker.link("host"),
    debitOracle: testDebitOracle(suite, DEFAULT_CARD_PROFILE),
  });
  const takers = streams.map((stream) => new MemoryTaker(stream));
  const disk = new SimulatedStorageDisk();
  const { log, events, reasons } = listeningLog();
  let power = new Power();
  let boots = 0;
  let sync: Sync | undefined;
  const boot = async (): Promise<Sync> => {
    boots += 1;
    power.cut();
    power = new Power();
    const opened = openSync({
      journal: new MemoryJournal(),
      link: poweredLink(broker.link(TID), power),
      clock: poweredClock(clock, power),
      randomness: draw.stream(`boot ${boots}`),
      suite,
      keys: KEYS,
      sealer: openInlineSealer(suite, KEYS),
      log,
      downlink: { storage: disk.open(), region: REGION, options },
    });
    for (const taker of takers) opened.downlink?.register(taker);
    sync = opened;
    await clock.resolve(opened.start());
    // Until the second heartbeat: the first may have found nobody.
    await clock.resolve(clock.sleep(12_000));
    return opened;
  };
  const cut = () => {
    disk.crash();
    power.cut();
  };
  const run = (ms: number) => clock.resolve(clock.sleep(ms), ms + 1_000);
  const publish = (publication: Partial<Publication> & { readonly stream: string }) =>
    host.documents.publish({ to: { tid: TID }, body: utf8(`body of ${publication.stream}`), ...publication });
  const settled = () =>
    takers.every(({ stream, newest }) => newest === Math.max(0, ...host.documents.documents.filter((d) => d.stream === stream).map((d) => d.sequence)));
  /** Runs until every taker has the newest document, at most `ms`. */
  const runUntilTaken = (ms: number) => clock.runUntil(clock.monotonicMs() + ms, settled);
  return { clock, broker, host, takers, disk, events, reasons, boot, cut, run, publish, settled, runUntilTaken, status: () => sync?.status().documents, draw };
}
