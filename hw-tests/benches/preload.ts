/*
 * Goal: a native call that never returns, in the process of one device and nowhere else, and a shop that trades on beside it.
 * Method: a small library is built and preloaded into that process (preload-hang.c); a file named like the call arms it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Processes } from "../../device/base/ports.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import { PcscdStage, pcscdLaneObstacle } from "./pcscd.ts";
import { Shop } from "./pcscd-shop.ts";

const SOURCE = fileURLToPath(new URL("./preload-hang.c", import.meta.url));
const LIBRARY = fileURLToPath(new URL("../../build/libyikatong-hang.so", import.meta.url));
/** The event loop of the terminal never stands still for longer. */
const STANDSTILL_MAX_MS = 1_000;
const NANOSECONDS = 1e6;
const LOOK_MS = 2;
/** From one customer to the next: a terminal out of reach of its host takes only so many. */
const CUSTOMER_MS = 20;
const HANGS_WITHIN_MS = 10_000;

/** The calls that can be made to hang. */
export type NativeCall =
  | "SCardConnect"
  | "SCardTransmit"
  | "SCardControl"
  | "SCardDisconnect"
  | "SCardEstablishContext"
  | "open-device"
  | "open-hidraw0"
  | "tcdrain"
  | "tty-write"
  | "hidraw-write"
  | "hidraw-poll";

/** Builds the library; why a call cannot be made to hang here, in one line, or undefined. */
export function hangObstacle(): string | undefined {
  mkdirSync(dirname(LIBRARY), { recursive: true });
  spawnSync("gcc", ["-O2", "-shared", "-fPIC", "-o", LIBRARY, SOURCE, "-ldl"], { stdio: "ignore", timeout: 60_000 });
  if (!existsSync(LIBRARY)) return "gcc is needed for calls that hang";
  return pcscdLaneObstacle();
}

/** Calls of one device's process that hang when they are told to. */
export class Hangs {
  readonly #folder = mkdtempSync(join(tmpdir(), "ykt-hang-"));

  /** Processes in which a call may hang; those of other devices are not among them. */
  processes(): Processes {
    const processes = systemProcesses();
    const hang = { LD_PRELOAD: LIBRARY, YIKATONG_HANG: this.#folder };
    return {
      fork: (module, { env }) => processes.fork(module, { env: { ...env, ...hang } }),
      run: (program, args, limits) => processes.run(program, args, limits),
    };
  }

  arm(call: NativeCall): void {
    rmSync(this.#mark(call), { force: true });
    writeFileSync(join(this.#folder, call), "");
  }

  disarm(call: NativeCall): void {
    rmSync(join(this.#folder, call), { force: true });
  }

  /** Resolves when the call really hangs. */
  async untilHung(call: NativeCall): Promise<void> {
    const clock = systemClock();
    for (let waitedMs = 0; waitedMs < HANGS_WITHIN_MS; waitedMs += LOOK_MS) {
      if (existsSync(this.#mark(call))) return;
      await clock.sleep(LOOK_MS);
    }
    throw new Error(`${call} was not called`);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #mark(call: NativeCall): string {
    return join(this.#folder, `${call}.hung`);
  }
}

/** A shop with a reader of its own: whatever hangs elsewhere, it goes on selling. */
export class ShopBeside {
  readonly stage: PcscdStage;
  readonly #shop: Shop;

  private constructor(stage: PcscdStage, shop: Shop) {
    this.stage = stage;
    this.#shop = shop;
  }

  static async open(): Promise<ShopBeside> {
    const stage = await PcscdStage.start();
    const shop = await Shop.open(stage, { commandTimeoutMs: 1_000, returnTimeoutMs: 5_000 });
    const beside = new ShopBeside(stage, shop);
    await stage.insert(await shop.newCard(1_000_000));
    await beside.#sell();
    return beside;
  }

  /** Sells again and again until `work`, in which a call hangs, has ended; prints what the terminal did meanwhile. */
  async sellDuring<Value>(name: string, work: Promise<Value>): Promise<Value> {
    const clock = systemClock();
    const loop = monitorEventLoopDelay({ resolution: 5 });
    const entriesBefore = (await this.#shop.entries()).length;
    let [ended, sales] = [false, 0];
    loop.enable();
    const beganMs = clock.monotonicMs();
    const stop = () => {
      ended = true;
    };
    work.then(stop, stop);
    // The sale that is under way when the work ends is sold to its end.
    for (; !ended; sales += 1) {
      await this.#sell();
      await clock.sleep(CUSTOMER_MS);
    }
    const tookMs = clock.monotonicMs() - beganMs;
    loop.disable();
    const commits = (await this.#shop.entries()).length - entriesBefore;
    const [p99, worst] = [loop.percentile(99), loop.max].map((value) => Math.round(value / NANOSECONDS));
    process.stdout.write(
      `hang: ${name}: ${Math.round(tookMs)} ms, meanwhile ${sales} sales and ${commits} journal entries; event loop p99 ${p99} ms, worst ${worst} ms\n`,
    );
    expect(sales).toBeGreaterThan(0);
    expect(commits).toBeGreaterThanOrEqual(2 * sales);
    expect(worst).toBeLessThan(STANDSTILL_MAX_MS);
    return work;
  }

  /** Every debit is in the journal once, and the journal is whole. */
  async close(): Promise<void> {
    await this.#shop.expectEqualLedgers();
    await this.#shop.expectWholeJournal();
    await this.#shop.place.close();
    await this.stage.stop();
  }

  async #sell(): Promise<void> {
    expect(await this.#shop.sell(this.#shop.newReference())).toMatchObject({ kind: "paid", verified: true });
  }
}
