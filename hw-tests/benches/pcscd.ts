/*
 * The virtual bench of the PC/SC family: the real service, the real binding in its own process, and simulated cards and modules behind
 * our own reader handler. One stage serves a whole test file; each test gets a bench of its own on it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromHex } from "../../device/base/bytes.ts";
import { fen } from "../../device/base/fen.ts";
import { SILENT } from "../../device/base/log.ts";
import { selectByName } from "../../device/card/dialogue.ts";
import { openPsam } from "../../device/card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS, debitPurchase, initializePurchase, purseFactors, readPublicData, selectPurse } from "../../device/card/purse/commands.ts";
import { CARD_PIN_TEMPLATE, SOCIAL_ENVIRONMENT_NAME } from "../../device/card/social/read-identity.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { type CardBench, type HolderPlan, limits, type PinVerifierBench, type PsamBench } from "../../device/drivers/contract/bench.ts";
import { openPcsc, type Pcsc, type ReaderRule } from "../../device/drivers/pcsc/open.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import type { TestCardOptions } from "../../simulators/card/make.ts";
import { defaultHandlerPath, PrivatePcscd, pcscdObstacle } from "../../simulators/reader/pcscd.ts";
import { SimulatorProcess } from "../../simulators/reader/process-client.ts";

/** Rules as a terminal's configuration has them. */
export const CARD_RULE: ReaderRule = { interface: "contactless", nameIncludes: ["counter"] };
export const MODULE_RULE: ReaderRule = { interface: "sam", nameIncludes: ["modules"], slot: 1 };

const CARD = { reader: "counter", slot: 0 } as const;
const MODULE = { reader: "modules", slot: 1 } as const;
const PIN = "123456";
const REMOVAL_NOTICED_MS = 50;
const TORN_LOOK_MS = 5;
const TORN_MAX_MS = 10_000;

/** Builds the reader handler where it is missing; says in one line why the lane cannot run, or undefined. */
export function pcscdLaneObstacle(): string | undefined {
  const built = defaultHandlerPath();
  if (!existsSync(built)) {
    const source = join(dirname(fileURLToPath(import.meta.url)), "../../simulators/reader/ifd");
    mkdirSync(dirname(built), { recursive: true });
    spawnSync("sh", ["-c", 'gcc -O2 -shared -fPIC -o "$1" "$2"/*.c $(pkg-config --cflags libpcsclite)', "sh", built, source], {
      stdio: "ignore",
      timeout: 60_000,
    });
  }
  return pcscdObstacle(built);
}

/** A private PC/SC service with a card reader and a module reader, and the simulators behind them. */
export class PcscdStage {
  readonly folder: string;
  readonly service: PrivatePcscd;
  readonly simulator: SimulatorProcess;
  #cards = 0;

  private constructor(folder: string, service: PrivatePcscd, simulator: SimulatorProcess) {
    this.folder = folder;
    this.service = service;
    this.simulator = simulator;
  }

  static async start(): Promise<PcscdStage> {
    const folder = mkdtempSync(join(tmpdir(), "ykt-lane-"));
    const counter = { name: "SIM Counter", socketPath: join(folder, "counter.sock"), slots: 1 };
    const modules = { name: "SIM Modules", socketPath: join(folder, "modules.sock"), slots: 2 };
    const simulator = await SimulatorProcess.start();
    await simulator.request({ do: "open-reader", reader: CARD.reader, socketPath: counter.socketPath, slots: counter.slots });
    await simulator.request({ do: "open-reader", reader: MODULE.reader, socketPath: modules.socketPath, slots: modules.slots });
    await simulator.request({ do: "make-psam", name: "psam", options: {} });
    await simulator.request({ do: "insert", name: "psam", ...MODULE });
    const service = new PrivatePcscd({ folder, readers: [counter, modules] });
    await service.start();
    return new PcscdStage(folder, service, simulator);
  }

  /** The adapter under test, on this stage's service. */
  open(): Pcsc {
    return openPcsc({ processes: systemProcesses(), clock: systemClock(), log: SILENT, env: this.service.environment });
  }

  /** Makes another card; nothing of an earlier test clings to it. */
  async makeCard(options: Partial<TestCardOptions> = {}): Promise<string> {
    this.#cards += 1;
    const name = `card-${this.#cards}`;
    await this.simulator.request({ do: "make-card", name, options: { balanceFen: 1_000_000, algorithm: "sm4", serial: this.#cards, pin: PIN, ...options } });
    return name;
  }

  insert(name: string): Promise<unknown> {
    return this.simulator.request({ do: "insert", name, ...CARD });
  }

  /** Waits until a planned tear has taken the card out, and the service could have noticed. */
  async whenTorn(): Promise<void> {
    const clock = systemClock();
    for (let waitedMs = 0; waitedMs < TORN_MAX_MS; waitedMs += TORN_LOOK_MS) {
      if (await this.#slotIsFree()) {
        await clock.sleep(REMOVAL_NOTICED_MS);
        return;
      }
      await clock.sleep(TORN_LOOK_MS);
    }
    throw new Error("the planned tear did not happen");
  }

  /** The desk refuses a second module in a slot before it refuses a module that lies elsewhere. */
  async #slotIsFree(): Promise<boolean> {
    const refusal: unknown = await this.simulator.request({ do: "insert", name: "psam", ...CARD }).catch((error: unknown) => error);
    return refusal instanceof Error && !refusal.message.includes("taken");
  }

  async clear(): Promise<void> {
    await this.simulator.request({ do: "plug", reader: CARD.reader });
    await this.simulator.request({ do: "clear-plans", ...CARD });
    await this.simulator.request({ do: "no-keypad", ...CARD });
    await this.simulator.request({ do: "remove", ...CARD });
  }

  async stop(): Promise<void> {
    await this.service.kill();
    await this.simulator.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async cardBench(): Promise<CardBench> {
    const pcsc = this.open();
    const reader = pcsc.reader(CARD_RULE);
    await pcsc.ready(limits(10_000));
    const card = await this.makeCard();
    const { simulator } = this;
    return {
      reader,
      harmlessCommand: fromHex("00a404000f7378312e73682ec9e7bbe1b1a3d5cf"),
      run: (work) => work,
      insert: async () => void (await this.insert(card)),
      remove: () => this.takeOut(CARD),
      hangNextCommand: async () => void (await simulator.request({ do: "plan", plan: { fate: "hang" }, ...CARD })),
      tearNextCommand: async () => void (await simulator.request({ do: "plan", plan: { fate: "tear", at: "before" }, ...CARD })),
      insertMute: async () => {
        await simulator.request({ do: "faults", name: card, faults: { mute: true } });
        await this.insert(card);
      },
      loseReader: async () => void (await simulator.request({ do: "unplug", reader: CARD.reader })),
      restoreReader: async () => void (await simulator.request({ do: "plug", reader: CARD.reader })),
      close: async () => {
        await pcsc.close();
        await this.clear();
      },
    };
  }

  /** No hand is so quick that a reader misses the removal; a simulated one would be, and the service would be lost between two cards. */
  async takeOut(place: { readonly reader: string; readonly slot: number } = CARD): Promise<void> {
    await this.simulator.request({ do: "remove", ...place });
    await systemClock().sleep(REMOVAL_NOTICED_MS);
  }

  async psamBench(): Promise<PsamBench> {
    const pcsc = this.open();
    const { simulator } = this;
    await this.insert(await this.makeCard());
    const psam = await openPsam(pcsc.reader(MODULE_RULE), { clock: systemClock(), profile: DEFAULT_CARD_PROFILE }, limits(5_000));
    const channel = await pcsc.reader(CARD_RULE).waitForCard(limits(5_000));
    const terms = { amount: fen(450), date: fromHex("20261121"), time: fromHex("120000") };
    await selectPurse(channel, DEFAULT_PURSE_APPLICATIONS, limits(2_000));
    const purse = await readPublicData(channel, limits(2_000));
    const opening = await initializePurchase(channel, { keyIndex: 1, amount: terms.amount, terminalNumber: psam.terminalNumber }, limits(2_000));
    if (purse.kind !== "ok" || opening.kind !== "ok") throw new Error("the test card opens a purchase");
    return {
      psam,
      purchase: { ...opening, ...terms, type: 0x06, factors: purseFactors(purse) },
      run: (work) => work,
      cardMac2: async ({ terminalSequence, mac1 }) => {
        const answer = await debitPurchase(channel, { terminalSequence, mac1, date: terms.date, time: terms.time }, limits(2_000));
        return answer.kind === "ok" ? answer.mac2 : new Uint8Array(4);
      },
      resetModule: async () => {
        await this.takeOut(MODULE);
        await simulator.request({ do: "insert", name: "psam", ...MODULE });
      },
      close: async () => {
        await psam.close();
        await pcsc.close();
        await this.clear();
      },
    };
  }

  async pinVerifierBench(): Promise<PinVerifierBench> {
    const pcsc = this.open();
    const reader = pcsc.reader(CARD_RULE);
    const { simulator } = this;
    const keypad = (acts: readonly HolderPlan[]) => simulator.request({ do: "keypad", acts: acts.map(holderAct), timeoutMs: 200, ...CARD });
    await keypad(["nothing"]);
    await this.insert(await this.makeCard());
    let planned: Promise<unknown> = Promise.resolve();
    return {
      verifier: pcsc.pinVerifier({ digits: PIN.length }),
      template: CARD_PIN_TEMPLATE,
      entryLimits: limits(5_000),
      run: (work) => work,
      plan: (acts) => {
        planned = keypad(acts);
      },
      channel: async () => {
        await planned;
        const channel = await reader.waitForCard(limits(5_000));
        await selectByName(channel, SOCIAL_ENVIRONMENT_NAME, limits(2_000));
        return channel;
      },
      removeCard: async () => void (await simulator.request({ do: "remove", ...CARD })),
      close: async () => {
        await pcsc.close();
        await this.clear();
      },
    };
  }
}

function holderAct(plan: HolderPlan) {
  switch (plan) {
    case "right":
      return { kind: "enters", digits: PIN } as const;
    case "wrong":
      return { kind: "enters", digits: "654321" } as const;
    case "cancel":
      return { kind: "cancels" } as const;
    case "nothing":
      return { kind: "walks-away" } as const;
  }
}
