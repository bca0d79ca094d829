/* The real PC/SC service and binding, with simulated cards behind them in a process of their own. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, getPriority, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "../../device/base/log.ts";
import { openPcsc, type Pcsc } from "../../device/drivers/pcsc/open.ts";
import type { CardReader } from "../../device/drivers/ports.ts";
import { systemClock } from "../../device/system/clock.ts";
import { moduleBeside } from "../../device/system/modules.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import { PrivatePcscd } from "../../simulators/reader/pcscd.ts";
import type { BenchCard } from "./tap-flows.ts";
import { nowMs, type TapSimulatorAnswer, type TapSimulatorRequest } from "./tap-protocol.ts";
import { compileSoftwareFloor, type SoftwareFloor } from "./tap-software.ts";

const REMOVAL_MS = 2_000;

export interface TapDesk {
  readonly pcsc: Pcsc;
  readonly cards: CardReader;
  /** Puts a card of this kind into the field, the same one each time; tells when. */
  readonly insert: (card: BenchCard) => Promise<{ readonly atMs: number }>;
  /** So many messages to another process and back, one after the other, and what they took. */
  readonly messagesMs: (count: number) => Promise<number>;
  /** A program in C that sends commands to a card in the same field, where one can be built. */
  readonly softwareFloor: () => Promise<SoftwareFloor | undefined>;
  /** Takes it away, and tells how long its answers and those of the module took. */
  readonly remove: () => Promise<{ readonly busyMs: number }>;
}

/** One conversation with the simulated side at a time. */
function ask(simulator: ChildProcess, request: TapSimulatorRequest): Promise<TapSimulatorAnswer> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(new Error("the simulated side of the benchmark ended"));
    simulator.once("exit", lost);
    simulator.once("message", (message) => {
      simulator.off("exit", lost);
      // The other side is tap-simulator.ts.
      resolve(message as TapSimulatorAnswer);
    });
    simulator.send(request);
  });
}

/** Has this process and those that it starts go before others, where the machine lets us: what is measured is our own time. The result undoes it. */
function goFirst(): () => void {
  const before = getPriority();
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
    return () => setPriority(before);
  } catch {
    return () => undefined;
  }
}

/** Works with a desk and takes it down again, whatever happens. */
export async function withDesk<Value>(work: (desk: TapDesk) => Promise<Value>): Promise<Value> {
  const goBack = goFirst();
  try {
    return await atDesk(work);
  } finally {
    goBack();
  }
}

async function atDesk<Value>(work: (desk: TapDesk) => Promise<Value>): Promise<Value> {
  // Socket paths must be short, so that the folder of the runner does not serve.
  const folder = mkdtempSync(join(tmpdir(), "ykt-tap-"));
  const card = { name: "BENCH Card", socketPath: join(folder, "card.sock"), slots: 1 };
  const module = { name: "BENCH Module", socketPath: join(folder, "module.sock"), slots: 1 };
  const simulator = fork(moduleBeside(import.meta.url, "./tap-simulator"), {
    serialization: "advanced",
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const service = new PrivatePcscd({ folder, readers: [card, module] });
  try {
    await ask(simulator, { do: "open", cardSocket: card.socketPath, moduleSocket: module.socketPath });
    await service.start();
    const pcsc = openPcsc({ processes: systemProcesses(), clock: systemClock(), log: SILENT, env: service.environment });
    const cards = pcsc.reader({ interface: "contactless", nameIncludes: ["card"] });
    try {
      return await work({
        pcsc,
        cards,
        insert: (kind) => ask(simulator, { do: "insert", card: kind }),
        messagesMs: async (count) => {
          const beganMs = nowMs();
          for (let message = 0; message < count; message += 1) await ask(simulator, { do: "nothing" });
          return nowMs() - beganMs;
        },
        softwareFloor: () => compileSoftwareFloor({ folder, environment: service.environment, reader: card.name }),
        remove: async () => {
          const { busyMs } = await ask(simulator, { do: "remove" });
          await cards.waitForRemoval({ timeoutMs: REMOVAL_MS, signal: new AbortController().signal });
          return { busyMs };
        },
      });
    } finally {
      await pcsc.close();
    }
  } finally {
    await service.kill();
    simulator.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
