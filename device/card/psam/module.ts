/*
 * The security module as a thing that may vanish and come back: opened on demand, its applications selected on demand, and
 * opened again after any fault. Each opening has a number, by which a purchase knows whether the module still remembers it.
 */
import { type Bytes, equalBytes, fromHex } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { Fault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { type CommandApdu, command, isOk, type ResponseApdu } from "../../codec/apdu.ts";
import type { CardChannel, CardReader, ModuleApplication } from "../../drivers/ports.ts";
import { exchange, malformed, selectByName } from "../dialogue.ts";
import { parseTerminalNumber, parseTerminalSequence, SEQUENCE_LENGTH, TERMINAL_NUMBER_LENGTH } from "./answers.ts";

/** One step of a selection: by name or by file identifier, in hexadecimal. */
export type SelectionStep = { readonly name: string } | { readonly fileId: string };

/** Ways to select each application, tried in order; a way is a row of steps. */
export type ModuleDirectory = Readonly<Record<ModuleApplication, readonly (readonly SelectionStep[])[]>>;

const SOCIAL_APPLICATION: SelectionStep = { name: "d15600000590" };

/** Spec: LD/T 32.9, SELECT; PBOC purse, PSAM. */
export const DEFAULT_MODULE_DIRECTORY: ModuleDirectory = {
  purse: [[{ name: "a0000006324d4f542e435053414d3031" }], [{ fileId: "8011" }]],
  "social-sm4": [[{ name: "7378332e73682ec9e7bbe1b1a3d5cf" }, SOCIAL_APPLICATION]],
  "social-3des": [[{ name: "7378312e73682ec9e7bbe1b1a3d5cf" }, SOCIAL_APPLICATION]],
};

/** Reads of files by their short identifiers. */
const READ_TERMINAL_NUMBER = command("00 B0 96 00", { le: TERMINAL_NUMBER_LENGTH });
const READ_TERMINAL_SEQUENCE = command("00 B0 99 00", { le: SEQUENCE_LENGTH });

export class SecurityModule {
  readonly #reader: CardReader;
  readonly #clock: Clock;
  readonly #directory: ModuleDirectory;
  #channel: CardChannel | undefined;
  #selected: ModuleApplication | undefined;
  #terminalNumber: Bytes | undefined;
  #opening = 0;
  #closing: Promise<void> = Promise.resolve();

  constructor(reader: CardReader, options: { readonly clock: Clock; readonly directory: ModuleDirectory }) {
    this.#reader = reader;
    this.#clock = options.clock;
    this.#directory = options.directory;
  }

  /** Differs after each loss of the module: what it remembered before is gone. */
  get opening(): number {
    return this.#opening;
  }

  get isOpen(): boolean {
    return this.#channel !== undefined;
  }

  get terminalNumber(): Bytes | undefined {
    return this.#terminalNumber;
  }

  /** Sends one command. A fault loses the module; it is opened again by the next {@link select}. */
  async send(apdu: CommandApdu, limits: Limits): Promise<ResponseApdu> {
    const channel = this.#channel;
    if (channel === undefined) throw new Fault("closed", "the security module is not open", { effectUnknown: false });
    try {
      return await exchange(channel, apdu, limits);
    } catch (error) {
      this.#lose(channel);
      throw error;
    }
  }

  /** Makes an application the selected one, opening the module where it is not. "absent": the module does not have it. */
  async select(application: ModuleApplication, limits: Limits): Promise<"selected" | "absent"> {
    if (this.#channel !== undefined && this.#selected === application) return "selected";
    const untilMs = this.#clock.monotonicMs() + limits.timeoutMs;
    if (this.#channel === undefined) {
      // A dialogue that is still being let go could take the new one with it.
      await withDeadline(this.#closing, { ...limits, clock: this.#clock, what: "letting the security module go", effectUnknown: false });
      this.#channel = await this.#reader.waitForCard(limits);
      this.#opening += 1;
    }
    this.#selected = undefined;
    for (const way of this.#directory[application]) {
      const left = { signal: limits.signal, timeoutMs: Math.max(1, untilMs - this.#clock.monotonicMs()) };
      if (!(await this.#walk(way, left))) continue;
      await this.#checkIdentity(left);
      this.#selected = application;
      return "selected";
    }
    return "absent";
  }

  /** Makes the next use select again: the module is left in a state that nobody wants to continue. */
  forgetSelection(): void {
    this.#selected = undefined;
  }

  /** The sequence that the selected application keeps in EF0019, or undefined where it shows none. */
  async readTerminalSequence(limits: Limits): Promise<number | undefined> {
    const { data, sw } = await this.send(READ_TERMINAL_SEQUENCE, limits);
    return isOk(sw) ? parseTerminalSequence(data) : undefined;
  }

  async close(): Promise<void> {
    const channel = this.#channel;
    this.#channel = undefined;
    this.#selected = undefined;
    this.#opening += 1;
    await channel?.close();
  }

  async #walk(way: readonly SelectionStep[], limits: Limits): Promise<boolean> {
    for (const step of way) {
      if (!(await this.#step(step, limits))) return false;
    }
    return true;
  }

  async #step(step: SelectionStep, limits: Limits): Promise<boolean> {
    if ("fileId" in step) return isOk((await this.send(command("00 A4 00 00", { data: fromHex(step.fileId), le: 256 }), limits)).sw);
    const channel = this.#channel;
    if (channel === undefined) throw new Fault("closed", "the security module is not open", { effectUnknown: false });
    try {
      return (await selectByName(channel, fromHex(step.name), limits)).kind === "ok";
    } catch (error) {
      this.#lose(channel);
      throw error;
    }
  }

  /** The terminal's number is the module's; another module in its place would make records under a false name. */
  async #checkIdentity(limits: Limits): Promise<void> {
    const { data, sw } = await this.send(READ_TERMINAL_NUMBER, limits);
    if (!isOk(sw)) return;
    const number = parseTerminalNumber(data);
    if (number === undefined) throw malformed("EF0016");
    if (this.#terminalNumber !== undefined && !equalBytes(this.#terminalNumber, number)) {
      throw new Fault("card-changed", "another security module is in the place of the one that was opened", { effectUnknown: false });
    }
    this.#terminalNumber = number;
  }

  #lose(channel: CardChannel): void {
    if (this.#channel !== channel) return;
    this.#channel = undefined;
    this.#selected = undefined;
    this.#opening += 1;
    this.#closing = channel.close().catch(() => undefined);
  }
}
