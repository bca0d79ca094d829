/* A table of `sim --devices` inside one process: lines without pseudo terminals, under a virtual clock. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Bytes, fromHex, toHex } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import type { OptionValues } from "../../../device/system/command-line.ts";
import { VirtualClock } from "../../world/virtual-clock.ts";
import type { DeviceLine } from "../sim-device.ts";
import { runDevicesMode } from "../sim-devices.ts";
import { type Line, Pipe } from "../testing.ts";

export const SUITE = openCipherSuite();
export const NO_HID = "there are no HID nodes in this test";

/** The terminal's end of a line that is no pseudo terminal. */
class TestLine implements DeviceLine {
  readonly path: string;
  pluggedIn = false;
  held = false;
  heard = "";
  #listener: (bytes: Bytes) => void = () => undefined;

  constructor(path: string) {
    this.path = path;
  }

  onBytes(listener: (bytes: Bytes) => void): void {
    this.#listener = listener;
  }

  write(bytes: Bytes): void {
    if (this.pluggedIn) this.heard += toHex(bytes);
  }

  async plugIn(): Promise<void> {
    this.pluggedIn = true;
  }

  async unplug(): Promise<void> {
    this.pluggedIn = false;
    this.held = false;
  }

  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
  }

  say(hex: string): void {
    this.#listener(fromHex(hex));
  }
}

interface Desk {
  readonly pipe: Pipe;
  readonly clock: VirtualClock;
  readonly ready: Line;
  readonly ended: Promise<number>;
  line(kind: string): TestLine;
  /** The reply to a line. */
  ask(text: string): Promise<Line>;
  /** Lets time pass. */
  wait(durationMs: number): Promise<void>;
  end(): Promise<Line>;
}

export async function desk(values: OptionValues): Promise<Desk> {
  const pipe = new Pipe();
  const clock = new VirtualClock(0);
  const lines = new Map<string, TestLine>();
  const openLine = (path: string) => {
    const line = new TestLine(path);
    lines.set(basename(path), line);
    return line;
  };
  const ended = runDevicesMode({ json: true, ...values }, pipe, { suite: SUITE, clock, openLine, hidObstacle: () => NO_HID });
  const ready = JSON.parse(await pipe.take()) as Line;
  return {
    pipe,
    clock,
    ready,
    ended,
    line: (kind) => lines.get(kind) as TestLine,
    ask: (text) => pipe.askJson(text),
    wait: (durationMs) => clock.resolve(clock.sleep(durationMs)),
    end: async () => {
      pipe.end();
      const code = await ended;
      if (code !== 0) throw new Error(`ended with ${code}: ${pipe.complained.join("; ")}`);
      return JSON.parse(pipe.printed.at(-1) ?? "{}") as Line;
    },
  };
}

/** Runs to the end over these lines, for people. */
export async function said(values: OptionValues, lines: readonly string[] = []): Promise<{ readonly code: number; readonly pipe: Pipe }> {
  const pipe = new Pipe();
  pipe.write(...lines);
  pipe.end();
  const clock = new VirtualClock(0);
  const parts = { suite: SUITE, clock, openLine: (path: string) => new TestLine(path), hidObstacle: () => NO_HID };
  return { code: await runDevicesMode(values, pipe, parts), pipe };
}

const folders: string[] = [];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ykt-devices-"));
  folders.push(folder);
  return folder;
}

/** To be called when all tests are over. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
