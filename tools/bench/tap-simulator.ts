/*
 * The simulated side of the tap benchmarks, in a process of its own: a card reader and a module reader that answer without delay and count
 * the time they spend on it. Times are those of the machine's monotonic clock, which all processes share.
 */
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { SimulatedCard } from "../../simulators/card/card.ts";
import { makeTestPsam } from "../../simulators/psam/make.ts";
import { IfdServer } from "../../simulators/reader/ifd-server.ts";
import { realClock } from "../../simulators/reader/real-clock.ts";
import type { ReaderSlot } from "../../simulators/reader/slot.ts";
import { type BenchCard, benchCard } from "./tap-flows.ts";
import { nowMs, type TapSimulatorAnswer, type TapSimulatorRequest } from "./tap-protocol.ts";

class TapSimulator {
  readonly #suite = openCipherSuite();
  readonly #cards = new Map<BenchCard, SimulatedCard>();
  readonly #servers: IfdServer[] = [];
  #busyMs = 0;

  async handle(request: TapSimulatorRequest): Promise<TapSimulatorAnswer> {
    switch (request.do) {
      case "open":
        await this.#open(request.cardSocket);
        if (request.moduleSocket !== undefined) {
          await this.#open(request.moduleSocket);
          this.#slot(1).insert(makeTestPsam(this.#suite));
        }
        return { atMs: nowMs(), busyMs: 0 };
      case "insert": {
        const card = this.#card(request.card);
        this.#busyMs = 0;
        const atMs = nowMs();
        this.#slot(0).insert(card);
        return { atMs, busyMs: 0 };
      }
      case "nothing":
        return { atMs: nowMs(), busyMs: 0 };
      case "remove": {
        const busyMs = this.#busyMs;
        this.#slot(0).remove();
        return { atMs: nowMs(), busyMs };
      }
    }
  }

  #card(kind: BenchCard): SimulatedCard {
    const card = this.#cards.get(kind) ?? benchCard(this.#suite, kind);
    this.#cards.set(kind, card);
    return card;
  }

  async #open(socketPath: string): Promise<void> {
    const server = new IfdServer({ socketPath, slots: 1, clock: realClock() });
    for (const slot of server.slots) this.#count(slot);
    this.#servers.push(server);
    await server.plug();
  }

  /** Every answer of the slot passes through here, so that its time is known. */
  #count(slot: ReaderSlot): void {
    const serve = slot.serve.bind(slot);
    slot.serve = async (request) => {
      const startedMs = nowMs();
      const answer = await serve(request);
      this.#busyMs += nowMs() - startedMs;
      return answer;
    };
  }

  #slot(server: number): ReaderSlot {
    const slot = this.#servers[server]?.slots[0];
    if (slot === undefined) throw new Error("the readers are opened first");
    return slot;
  }
}

const simulator = new TapSimulator();
process.on("disconnect", () => process.exit(0));
process.on("message", (message) => {
  // The parent is the benchmark itself.
  void simulator.handle(message as TapSimulatorRequest).then((answer) => process.send?.(answer));
});
