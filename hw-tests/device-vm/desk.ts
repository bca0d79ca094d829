/*
 * The hand outside the guest: it plugs the machine's USB devices in and out, plays the printer at the host's end of the serial line and
 * the card in the reader, and tells the guest what stands on the paper.
 */
import type { Socket } from "node:net";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { DEFAULT_PRINTER_PROFILE } from "../../device/drivers/printer-escpos/encode.ts";
import { systemClock } from "../../device/system/clock.ts";
import type { SimulatedCard } from "../../simulators/card/card.ts";
import { makeTestCard } from "../../simulators/card/make.ts";
import type { FarEnd } from "../../simulators/line/far-end.ts";
import { SimulatedPrinter } from "../../simulators/printer/escpos-printer.ts";
import { CARD_SERIAL } from "./cases.ts";
import type { Machine } from "./machine.ts";
import type { Act } from "./messages.ts";
import { CardInReader } from "./vscard.ts";

const HELD_LIMIT_MS = 60_000;
const NOTHING: readonly string[] = [];

/** The host's end of the machine's serial device. */
function endOf(socket: Socket): FarEnd {
  return {
    onBytes: (listener) => {
      // A device that is plugged in anew hears with new ears.
      socket.removeAllListeners("data");
      socket.on("data", (chunk) => listener(new Uint8Array(chunk)));
    },
    write: (bytes) => void socket.write(bytes),
  };
}

export class Desk {
  readonly #machine: Machine;
  readonly #printer: SimulatedPrinter;
  readonly #printerLine: Socket;
  readonly #card: SimulatedCard;
  #cardIsIn = true;
  #inReader: CardInReader | undefined;
  /** Each plugging gets a name of its own in the machine. */
  #plugged = { printer: 0, reader: 0 };
  readonly #acts: Readonly<Record<Act, () => Promise<readonly string[]>>> = {
    "unplug printer": async () => this.#done(this.#machine.monitor.remove(`printer${this.#plugged.printer}`)),
    "plug in printer": async () => this.#done(this.#plugInPrinter()),
    "read paper": async () => [...this.#printer.paper.lines, ...this.#printer.mistakes.map((mistake) => `mistake: ${mistake}`)],
    "insert card": async () => this.#moveCard(true),
    "remove card": async () => this.#moveCard(false),
    "unplug reader": async () => this.#done(this.#unplugReader()),
    "plug in reader": async () => this.#done(this.#plugInReader()),
    "hold next answer": async () => {
      this.#inReader?.holdNext();
      return NOTHING;
    },
    "wait for held command": async () => this.#done(this.#inReader?.held ?? Promise.reject(new Error("no reader is plugged in"))),
  };

  private constructor(machine: Machine, printerLine: Socket) {
    const { columns, chineseMode, cut, squareCodes } = DEFAULT_PRINTER_PROFILE;
    this.#machine = machine;
    this.#printerLine = printerLine;
    this.#printer = new SimulatedPrinter({ clock: systemClock(), settings: { columns, chineseMode, cut, squareCodes } });
    this.#card = makeTestCard(openCipherSuite(), { serial: CARD_SERIAL, balanceFen: 10_000, algorithm: "sm4" });
  }

  /** Everything is plugged in, and the card lies in the reader. */
  static async open(machine: Machine): Promise<Desk> {
    const desk = new Desk(machine, await machine.connect("printer"));
    await desk.#plugInPrinter();
    await desk.#plugInReader();
    return desk;
  }

  /** Does what the guest asks for; gives back what there is to tell. */
  do(act: Act): Promise<readonly string[]> {
    return this.#acts[act]();
  }

  close(): void {
    this.#inReader?.close();
    this.#printerLine.destroy();
  }

  async #done(work: Promise<void>): Promise<readonly string[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("it did not happen in time")), HELD_LIMIT_MS);
    });
    try {
      await Promise.race([work, late]);
      return NOTHING;
    } finally {
      clearTimeout(timer);
    }
  }

  async #plugInPrinter(): Promise<void> {
    this.#plugged.printer += 1;
    this.#printer.attach(endOf(this.#printerLine));
    await this.#machine.monitor.run("device_add", {
      ...{ driver: "usb-serial", id: `printer${this.#plugged.printer}` },
      ...{ chardev: "printer", serial: "PRINTER1", bus: "usb.0" },
    });
  }

  /** A reader that is there stays: a case that failed may have left it in either place. */
  async #plugInReader(): Promise<void> {
    if (this.#inReader !== undefined) return;
    const { monitor } = this.#machine;
    this.#plugged.reader += 1;
    const id = `reader${this.#plugged.reader}`;
    await monitor.run("device_add", { driver: "usb-ccid", id, bus: "usb.0" });
    await monitor.run("device_add", { driver: "ccid-card-passthru", id: `${id}card`, chardev: "card", bus: `${id}.0` });
    this.#inReader = new CardInReader(await this.#machine.connect("card"), this.#cardIsIn ? this.#card : undefined);
  }

  async #unplugReader(): Promise<void> {
    await this.#machine.monitor.remove(`reader${this.#plugged.reader}`);
    this.#inReader?.close();
    this.#inReader = undefined;
  }

  #moveCard(isIn: boolean): readonly string[] {
    this.#cardIsIn = isIn;
    if (isIn) this.#inReader?.insert(this.#card);
    else this.#inReader?.remove();
    return NOTHING;
  }
}
