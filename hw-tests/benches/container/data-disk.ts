/*
 * The partition of the records, as the field has it: a file system of its own in an image. When the power fails, what was not flushed to the image is
 * gone: the machine finds afterwards what the image held at that moment, and its file system mends itself from there.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { must } from "./base.ts";

const SIZE = "400M";
const LIMIT_MS = 30_000;

export class DataDisk {
  readonly #folder: string;
  readonly #place: string;
  #image: string;
  #made = 1;

  private constructor(folder: string, place: string) {
    this.#folder = folder;
    this.#place = place;
    this.#image = join(folder, "disk-1.img");
  }

  /** Takes the place of a folder, whose contents it keeps. */
  static async under(place: string, folder: string): Promise<DataDisk> {
    mkdirSync(folder, { recursive: true });
    const disk = new DataDisk(folder, place);
    const aside = join(folder, "aside");
    await must("truncate", ["-s", SIZE, disk.#image], LIMIT_MS);
    await must("mkfs.ext4", ["-q", "-F", "-m", "0", disk.#image], LIMIT_MS);
    await must("cp", ["-a", place, aside], LIMIT_MS);
    await disk.#mount();
    await must("cp", ["-a", `${aside}/.`, place], LIMIT_MS);
    await must("sync", ["-f", place], LIMIT_MS);
    rmSync(aside, { recursive: true });
    return disk;
  }

  /** The power has failed, and every process of the machine is gone. */
  async losePower(): Promise<void> {
    this.#made += 1;
    const after = join(this.#folder, `disk-${this.#made}.img`);
    await must("cp", ["--sparse=always", this.#image, after], LIMIT_MS);
    await this.close();
    this.#image = after;
    await this.#mount();
  }

  /** What the machine has written last is on it. */
  async close(): Promise<void> {
    await must("umount", [this.#place], LIMIT_MS);
    rmSync(this.#image);
  }

  async #mount(): Promise<void> {
    await must("mount", ["-o", "loop", this.#image, this.#place], LIMIT_MS);
  }
}
