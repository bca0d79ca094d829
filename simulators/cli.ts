/*
 * `yikatong-sim`: the simulators by themselves, the demonstration, the simulated world, rounds of killed processes, conformance.
 * Left out of what is shipped to terminals.
 */
import { runCommandLine } from "../device/system/command-line.ts";
import { conformanceCommand } from "./commands/conformance.ts";
import { demoCommand } from "./commands/demo.ts";
import { hostCommand } from "./commands/host.ts";
import { roundsCommand } from "./commands/rounds.ts";
import { simCommand } from "./commands/sim.ts";
import { worldCommand } from "./commands/world.ts";

const PROGRAM = {
  name: "yikatong-sim",
  summary: "Simulators of the Yikatong terminal (一卡通): cards, modules, readers, hosts, and whole worlds of them.",
  commands: [demoCommand, worldCommand, simCommand, hostCommand, roundsCommand, conformanceCommand],
};

process.exitCode = await runCommandLine(PROGRAM, process.argv.slice(2), {
  print: (text) => process.stdout.write(`${text}\n`),
  complain: (text) => process.stderr.write(`${text}\n`),
});
