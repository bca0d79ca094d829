/* One shape for every subcommand of `yikatong` and `yikatong-sim`: a name, options with their meaning, and what it does. */
import { parseArgs } from "node:util";

export interface CommandOption {
  readonly type: "string" | "boolean";
  readonly summary: string;
  readonly default?: string | boolean;
}

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What stands after the options, for the help text, for example "<folder>". */
  readonly operands?: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  /** Resolves with the exit code. */
  run(values: OptionValues, operands: readonly string[]): Promise<number>;
}

export interface Program {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

/** What was typed cannot be understood. */
const EXIT_USAGE = 2;

function row(left: string, right: string): string {
  return `  ${left.padEnd(26)} ${right}`;
}

function programHelp({ name, summary, commands }: Program): string {
  const rows = commands.map((command) => row(command.name, command.summary));
  return [summary, "", `usage: ${name} <command> [options]`, "", ...rows, "", `${name} <command> --help explains one command.`].join("\n");
}

function commandHelp(program: Program, command: Command): string {
  const rows = Object.entries(command.options).map(([option, { type, summary, default: preset }]) => {
    const shown = preset === undefined || preset === false ? "" : ` (default ${preset})`;
    return row(`--${option}${type === "string" ? " <value>" : ""}`, `${summary}${shown}`);
  });
  const operands = command.operands === undefined ? "" : ` ${command.operands}`;
  return [command.summary, "", `usage: ${program.name} ${command.name} [options]${operands}`, "", ...rows, row("--help", "shows this text")].join("\n");
}

function parseOptions(command: Command, argv: readonly string[]): { readonly values: OptionValues; readonly operands: readonly string[] } | string {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([option, { type, default: preset }]) => [option, { type, ...(preset === undefined ? {} : { default: preset }) }]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { ...options, help: { type: "boolean" } },
      allowPositionals: command.operands !== undefined,
    });
    return { values: values as OptionValues, operands: positionals };
  } catch (error) {
    // parseArgs throws for exactly one reason: what was typed does not fit. Its sentence is meant for people.
    return error instanceof Error ? error.message : String(error);
  }
}

/** A name may be two words: "journal verify". */
function words(command: Command): readonly string[] {
  return command.name.split(" ");
}

function isNamed(command: Command, argv: readonly string[]): boolean {
  return words(command).every((word, at) => argv[at] === word);
}

/** Runs one command line. Help goes to `print`, what is wrong with the usage to `complain`; resolves with the exit code. */
export async function runCommandLine(
  program: Program,
  argv: readonly string[],
  out: { readonly print: (text: string) => void; readonly complain: (text: string) => void },
): Promise<number> {
  const [name] = argv;
  if (name === undefined || name === "--help" || name === "help") {
    out.print(programHelp(program));
    return name === undefined ? EXIT_USAGE : 0;
  }
  const command = program.commands.find((candidate) => isNamed(candidate, argv));
  if (command === undefined) {
    out.complain(`${program.name}: there is no command "${name}"\n\n${programHelp(program)}`);
    return EXIT_USAGE;
  }
  const parsed = parseOptions(command, argv.slice(words(command).length));
  if (typeof parsed === "string") {
    out.complain(`${program.name} ${command.name}: ${parsed}\n\n${commandHelp(program, command)}`);
    return EXIT_USAGE;
  }
  if (parsed.values["help"] === true) {
    out.print(commandHelp(program, command));
    return 0;
  }
  return command.run(parsed.values, parsed.operands);
}

/** A whole number option within bounds, or undefined when it is not one. */
export function countOption(values: OptionValues, name: string, bounds: { readonly min: number; readonly max: number }): number | undefined {
  const text = values[name];
  if (typeof text !== "string" || !/^\d{1,9}$/.test(text)) return undefined;
  const count = Number(text);
  return count >= bounds.min && count <= bounds.max ? count : undefined;
}
