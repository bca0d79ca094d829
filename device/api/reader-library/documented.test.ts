/* The document says what the tables say. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { READER_LIBRARY_PROVIDERS } from "../../config/reader-library.ts";
import { FUNCTION_NAMES, FUNCTIONS, type Parameter } from "./functions.ts";
import { OWN_RESULT, RESULT } from "./numbers.ts";
import { PROVIDERS } from "./providers.ts";

const document = readFileSync(new URL("../../../docs/reader-library.md", import.meta.url), "utf8");
const PRINTED: { readonly [Each in Parameter]: string } = {
  iType: "iType",
  iAuthType: "iAuthType",
  cardInfo: "pCardInfo",
  fileAddress: "pFileAddr",
  data: "pWriteData",
  payInfo: "pPayInfo",
  key: "pKey",
};

describe("docs/reader-library.md", () => {
  it.each(FUNCTION_NAMES)("%s with its parameters and its room", (name) => {
    const { parameters, outputBytes } = FUNCTIONS[name];
    expect(document).toContain(`| \`${name}\` | ${parameters.map((each) => PRINTED[each]).join(", ")} | ${outputBytes} |`);
  });

  it("the functions' codes on the wire, in their order", () => {
    const codes = FUNCTION_NAMES.map((name) => FUNCTIONS[name].code.toString(16).padStart(2, "0"));
    expect(document).toContain(`\`${codes.join(" ")}\``);
  });

  it.each([...Object.values(RESULT), ...Object.values(OWN_RESULT)])("the number %i", (result) => {
    expect(document).toContain(`\n| ${String(result).replace("-", "−")} |`);
  });

  it.each(READER_LIBRARY_PROVIDERS)("the provider %s", (provider) => {
    const { pinNumbers, stepsWhileModuleServes } = PROVIDERS[provider];
    const row = document.split("\n").find((line) => line.startsWith(`| \`${provider}\` |`)) ?? "";
    expect(row).toContain(pinNumbers === "own" ? "| −51, −52 |" : "| −25536 − x, −27011 |");
    expect(row.endsWith(stepsWhileModuleServes === "serve" ? "| served |" : "| −2204 |")).toBe(true);
  });
});
