/*
 * Goal: under emulation a process starts further processes under the emulator too, and every wait keeps its meaning.
 * Method: loaded before anything else by the launcher (launcher.ts). The runtime takes its own path from the kernel, which names the arm64
 * binary, and this machine cannot execute that; the launcher's path stands in its place. The clock of waits runs slower by a factor,
 * because everything else does: a limit of 4 s that is generous on a terminal would otherwise end healthy processes here.
 */
const SLOWER = Number(process.env.YIKATONG_ARM64_SLOWER);
const launcher = process.env.YIKATONG_ARM64_LAUNCHER;
if (launcher === undefined || !(SLOWER >= 1)) throw new Error("started without the launcher");

process.execPath = launcher;

for (const name of ["setTimeout", "setInterval"]) {
  const timer = globalThis[name];
  const slower = (callback, delayMs, ...rest) => timer(callback, Number(delayMs ?? 0) * SLOWER, ...rest);
  globalThis[name] = Object.defineProperties(slower, Object.getOwnPropertyDescriptors(timer));
}

const now = performance.now.bind(performance);
performance.now = () => now() / SLOWER;
