/*
 * Goal: the guest starts compiled files: what a second of the host takes from sources would take it a quarter of a minute.
 * Method: the few sources of the guest are compiled here, one by one, beside links to the compiled project; what the two import of each
 * other by relative paths holds there as it does here.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

const SOURCES = "hw-tests/device-vm";

function sourcesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
}

function compiled(source: string): string {
  const { ES2024, ESNext } = { ES2024: ts.ScriptTarget.ES2024, ESNext: ts.ModuleKind.ESNext };
  const compilerOptions = { target: ES2024, module: ESNext, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

/** Compiles the guest's sources below `cache`; gives back the file that it starts with, or undefined where the project is not compiled. */
export function guestCode(cache: string, project: string): string | undefined {
  const code = join(cache, "code");
  rmSync(code, { recursive: true, force: true });
  mkdirSync(code, { recursive: true });
  for (const folder of ["device", "simulators"]) {
    const target = join(project, "dist", folder);
    if (!existsSync(target)) return undefined;
    symlinkSync(target, join(code, folder));
  }
  for (const path of sourcesBelow(join(project, SOURCES))) {
    const target = join(code, SOURCES, path.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, compiled(readFileSync(join(project, SOURCES, path), "utf8")));
  }
  return join(code, SOURCES, "guest", "main.js");
}
