/* One terminal in its place, with everything around it, in the words in which its story is told. */
import { chownSync, copyFileSync, renameSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseRuntimeStatus, type RuntimeStatus } from "../../../device/health/runtime-status.ts";
import type { DataDisk } from "./data-disk.ts";
import type { FarHost } from "./far-host.ts";
import { type FieldDesk, sellAtTill } from "./field.ts";
import { Machine, until } from "./machine.ts";
import type { FieldNetwork } from "./network.ts";

export const UNIT = "yikatong.service";
const CONFIG = "/var/lib/yikatong/config";
const READY_MS = 90_000;
const RECEIPT_MS = 60_000;
const DOCTOR_MS = 45_000;
/** What the doctor may truly find on the computer under the container, and what only its load makes true for a moment. */
const OF_THE_COMPUTER: ReadonlySet<unknown> = new Set(["swap-on", "too-hot", "disk-errors", "disk-worn", "memory-low", "loop-late"]);

type Json = Readonly<Record<string, unknown>>;

export interface LifeParts {
  readonly root: string;
  readonly desk: FieldDesk;
  readonly network: FieldNetwork;
  readonly disk: DataDisk;
}

export interface Diagnosed {
  readonly code: number | undefined;
  readonly ids: readonly string[];
}

interface Said {
  readonly code: number | undefined;
  readonly said: Json;
  /** The end of what it printed for people. */
  readonly complained: string;
}

/** In an order that tells nothing of who came first. */
function amountsOf(rows: readonly { readonly amountFen: number }[]): readonly number[] {
  return rows.map(({ amountFen }) => amountFen).toSorted((left, right) => left - right);
}

export class Life {
  machine: Machine;
  /** Set when there is one. */
  host: FarHost | undefined;
  readonly #parts: LifeParts;

  private constructor(parts: LifeParts, machine: Machine) {
    this.#parts = parts;
    this.machine = machine;
  }

  static async begin(parts: LifeParts): Promise<Life> {
    return new Life(parts, await Life.#boot(parts));
  }

  static #boot({ root, desk, network }: LifeParts): Promise<Machine> {
    return Machine.boot({ root, binds: desk.binds, network: network.path });
  }

  /** The power fails, and comes back. */
  async losePower(): Promise<void> {
    await this.machine.cut();
    await this.#parts.disk.losePower();
    this.machine = await Life.#boot(this.#parts);
  }

  async switchOn(): Promise<void> {
    this.machine = await Life.#boot(this.#parts);
  }

  async whenServing(): Promise<void> {
    try {
      await until("it serves, with reader and module", READY_MS, async () => {
        const devices = (await this.status())?.devices ?? [];
        return (await this.machine.property(UNIT, "ActiveState")) === "active" && devices.length > 0 && devices.every(({ state }) => state === "ready");
      });
    } catch (error) {
      throw new Error(`${JSON.stringify(await this.status())}\n${await this.machine.log(UNIT)}`, { cause: error });
    }
  }

  async status(): Promise<RuntimeStatus | undefined> {
    const said = await this.machine.run(["cat", "/run/yikatong/status.json"]);
    return said.code === 0 ? parseRuntimeStatus(new TextEncoder().encode(said.stdout)) : undefined;
  }

  /** Waits until the status says so. */
  async untilStatus(what: string, holds: (status: RuntimeStatus) => boolean, limitMs = RECEIPT_MS): Promise<void> {
    try {
      await until(what, limitMs, async () => {
        const status = await this.status();
        return status !== undefined && holds(status);
      });
    } catch (error) {
      throw new Error(`${JSON.stringify(await this.status())}\n${await this.machine.log(UNIT)}`, { cause: error });
    }
  }

  /** Nothing waits for the host any more, in sales and in records. */
  untilReceipted(): Promise<void> {
    return this.untilStatus("the host has receipted everything", ({ exposure, journal }) => {
      return exposure.count === 0 && exposure.unknown === 0 && journal.receiptedThrough === journal.lastSeq;
    });
  }

  sell(saleNumber: string, amountFen = 450): Promise<Json> {
    return sellAtTill(this.machine, saleNumber, amountFen);
  }

  /** A command of the terminal, given by root; what it says as one JSON object. */
  yikatong(...words: readonly string[]): Promise<Said> {
    return this.#run("yikatong", words);
  }

  async #run(program: string, words: readonly string[]): Promise<Said> {
    const { code, stdout, stderr } = await this.machine.run([program, ...words, "--json"], READY_MS);
    const line = stdout.trim().split("\n").at(-1) ?? "";
    return { code, said: line.startsWith("{") ? (JSON.parse(line) as Json) : {}, complained: stderr.slice(-2_000) };
  }

  async doctor(program = "yikatong"): Promise<Diagnosed> {
    const { code, said, complained } = await this.#run(program, ["doctor"]);
    if (!Array.isArray(said["findings"])) throw new Error(`the doctor ended with ${code}: ${complained}`);
    const findings = said["findings"] as readonly { readonly id: string; readonly severity: string }[];
    const own = findings.filter(({ id }) => !OF_THE_COMPUTER.has(id));
    if (own.length === findings.length) return { code, ids: own.map(({ id }) => id) };
    const worst = own.some(({ severity }) => severity === "fault") ? 2 : 1;
    return { code: own.length === 0 ? 0 : worst, ids: own.map(({ id }) => id) };
  }

  /** Waits until the doctor finds nothing. */
  untilHealthy(): Promise<Diagnosed> {
    return this.#untilDoctor("nothing", ({ ids }) => ids.length === 0);
  }

  /** Waits until the doctor finds all of these. */
  untilDoctorFinds(wanted: readonly string[], program?: string): Promise<Diagnosed> {
    return this.#untilDoctor(wanted.join(" "), ({ ids }) => wanted.every((id) => ids.includes(id)), program);
  }

  async #untilDoctor(what: string, holds: (diagnosed: Diagnosed) => boolean, program?: string): Promise<Diagnosed> {
    let last: Diagnosed = { code: undefined, ids: [] };
    try {
      await until(`the doctor finds ${what}`, DOCTOR_MS, async () => {
        last = await this.doctor(program);
        return holds(last);
      });
    } catch (error) {
      throw new Error(`the doctor found ${last.ids.join(" ")}, and was to find ${what}`, { cause: error });
    }
    return last;
  }

  /** Puts a release into the folder that the machine watches, written beside and renamed. */
  deliver(bundle: string): void {
    const update = join(this.#parts.root, "var/lib/yikatong/update");
    const beside = join(update, basename(bundle));
    copyFileSync(bundle, beside);
    const { uid, gid } = statSync(update);
    chownSync(beside, uid, gid);
    renameSync(beside, join(update, "incoming", basename(bundle)));
  }

  /** What is said of updates; nothing while a release that says nothing is being tried. */
  async updateStatus(): Promise<{ readonly current: unknown; readonly healthy: unknown; readonly returned: string; readonly refused: string }> {
    const { current, healthy, returned = null, refused = null } = (await this.yikatong("update", "status")).said;
    return { current, healthy, returned: JSON.stringify(returned), refused: JSON.stringify(refused) };
  }

  /** What the card has paid, what the host has booked, and what the card has lost beside. Throws where a sale is booked twice. */
  async books(): Promise<{ readonly card: readonly number[]; readonly host: readonly number[]; readonly lost: number }> {
    const { debits, balanceFen, initialBalanceFen } = await this.#parts.desk.simulator.truth("card");
    const answer = await this.host?.ask("bookings");
    const bookings = (answer?.["bookings"] ?? []) as readonly { readonly amountFen: number; readonly subject: string }[];
    if (new Set(bookings.map(({ subject }) => subject)).size !== bookings.length) throw new Error("the host has booked a sale twice");
    const card = amountsOf(debits);
    const spent = card.reduce((sum, amount) => sum + amount, 0);
    return { card, host: amountsOf(bookings), lost: initialBalanceFen - spent - balanceFen };
  }

  get config(): string {
    return CONFIG;
  }
}
