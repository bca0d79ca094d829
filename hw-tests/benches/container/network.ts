/*
 * Two places and a cable between them: here the machine, far away its host. Both are networks of this kernel with nothing else in them; they outlive
 * the machine, so that its power may fail while the host goes on.
 */
import { must } from "./base.ts";

const LIMIT_MS = 10_000;
const AT_MACHINE = "10.99.0.2/24";
const AT_HOST = "10.99.0.1/24";

function ip(...args: readonly string[]): Promise<string> {
  return must("ip", args, LIMIT_MS);
}

export class FieldNetwork {
  /** Where the host is, seen from the machine. */
  readonly hostAddress = "10.99.0.1";
  readonly #here: string;
  readonly #there: string;

  private constructor(here: string, there: string) {
    this.#here = here;
    this.#there = there;
  }

  static async open(): Promise<FieldNetwork> {
    const [here, there] = [`ykt-${process.pid}-here`, `ykt-${process.pid}-there`];
    const network = new FieldNetwork(here, there);
    for (const place of [here, there]) {
      await ip("netns", "add", place);
      await ip("-n", place, "link", "set", "lo", "up");
    }
    await ip("-n", here, "link", "add", "host0", "type", "veth", "peer", "name", "far0", "netns", there);
    await ip("-n", here, "address", "add", AT_MACHINE, "dev", "host0");
    await ip("-n", there, "address", "add", AT_HOST, "dev", "far0");
    await ip("-n", here, "link", "set", "host0", "up");
    await network.plugIn();
    return network;
  }

  /** The file by which a container gets this place's network as its own. */
  get path(): string {
    return `/run/netns/${this.#here}`;
  }

  /** Arguments with which `nsenter` starts a program where the host is. */
  get farAway(): readonly string[] {
    return [`--net=/run/netns/${this.#there}`, "--"];
  }

  /** The cable is pulled at its far end. */
  async pull(): Promise<void> {
    await ip("-n", this.#there, "link", "set", "far0", "down");
  }

  async plugIn(): Promise<void> {
    await ip("-n", this.#there, "link", "set", "far0", "up");
  }

  /** The machine has no address any more. */
  async takeAddress(): Promise<void> {
    await ip("-n", this.#here, "address", "delete", AT_MACHINE, "dev", "host0");
  }

  async giveAddress(): Promise<void> {
    await ip("-n", this.#here, "address", "add", AT_MACHINE, "dev", "host0");
  }

  async close(): Promise<void> {
    for (const place of [this.#here, this.#there]) await ip("netns", "delete", place);
  }
}
