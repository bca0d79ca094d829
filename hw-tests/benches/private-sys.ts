/* Processes whose modules see a private /sys: what they enumerate is what the bench has put there. The rest of the machine sees nothing. */
import { type ChildProcess as NodeChild, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ChildProcess, Processes } from "../../device/base/ports.ts";
import { systemProcesses } from "../../device/system/processes.ts";

/** `script` builds the private /sys at each start of a module, in a mount namespace of the module's own. */
export function processesWithSys(script: () => string): Processes {
  return {
    ...systemProcesses(),
    fork: (module, { env }) => {
      const child = spawn("unshare", ["-m", "sh", "-c", `${script()}\ncd / && exec "$@"`, "sh", process.execPath, fileURLToPath(module)], {
        env: { ...process.env, ...env, SYSTEMD_DEVICE_VERIFY_SYSFS: "0" },
        serialization: "advanced",
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      return new WrappedChild(child);
    },
  };
}

class WrappedChild implements ChildProcess {
  readonly #child: NodeChild;

  constructor(child: NodeChild) {
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  send(message: unknown): void {
    if (this.#child.connected) this.#child.send(message as Parameters<NodeChild["send"]>[0], () => undefined);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#child.on("message", listener);
  }

  onExit(listener: (how: { readonly code: number | null; readonly signal: string | null }) => void): void {
    this.#child.on("exit", (code, signal) => listener({ code, signal }));
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
