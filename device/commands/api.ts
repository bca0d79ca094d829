/* `yikatong api password` and `yikatong api token`: secrets of the local API in the form in which a configuration holds them. */
import { toHex } from "../base/bytes.ts";
import type { Randomness } from "../base/ports.ts";
import { storedPassword, tokenHash } from "../crypto/passwords.ts";
import type { Command, OptionValues } from "../system/command-line.ts";
import { systemRandomness } from "../system/randomness.ts";
import { complain, say } from "./output.ts";

const SALT_BYTES = 16;
const TOKEN_BYTES = 32;
/** What the API takes when an operator signs in. */
const PASSWORD_CHARACTERS_MAX = 200;
const INPUT_BYTES_MAX = 4096;

export interface SecretParts {
  /** Standard input; `isTTY` where somebody types and everybody sees it. */
  readonly input: () => AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean };
  readonly randomness: Randomness;
}

/** Standard input as text; undefined where it is longer than any password. */
async function inputText(input: AsyncIterable<Uint8Array | string>): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of input) {
    const bytes = Buffer.from(piece);
    length += bytes.length;
    if (length > INPUT_BYTES_MAX) return undefined;
    pieces.push(bytes);
  }
  return Buffer.concat(pieces).toString("utf8");
}

async function runPassword(values: OptionValues, parts: SecretParts): Promise<number> {
  const input = parts.input();
  if (input.isTTY === true) {
    complain("the password comes from standard input, where nobody reads it over a shoulder: yikatong api password < file");
    return 2;
  }
  const password = (await inputText(input))?.replace(/\r?\n$/, "");
  if (password === undefined || password === "" || password.length > PASSWORD_CHARACTERS_MAX || /\p{Cc}/u.test(password)) {
    complain(`a password is one line of 1 to ${PASSWORD_CHARACTERS_MAX} characters`);
    return 1;
  }
  const passwordHash = await storedPassword(password, parts.randomness.bytes(SALT_BYTES));
  say(values["json"] === true ? JSON.stringify({ passwordHash }) : passwordHash);
  return 0;
}

function runToken(values: OptionValues, { randomness }: SecretParts): number {
  const token = toHex(randomness.bytes(TOKEN_BYTES));
  const tokenSha256 = tokenHash(token);
  if (values["json"] === true) say(JSON.stringify({ token, tokenSha256 }));
  else
    say(
      [`token        ${token}`, `tokenSha256  ${tokenSha256}`, "The token is kept nowhere: it belongs to the program, its hash into the configuration."].join(
        "\n",
      ),
    );
  return 0;
}

const JSON_OPTION = { json: { type: "boolean", summary: "one JSON object instead of text" } } as const;

export function apiCommands(parts: SecretParts): readonly Command[] {
  return [
    {
      name: "api password",
      summary: "reads an operator's password from standard input and prints what a configuration holds of it",
      options: JSON_OPTION,
      run: (values) => runPassword(values, parts),
    },
    {
      name: "api token",
      summary: "makes a token for a counter's program and prints it, once, with what a configuration holds of it",
      options: JSON_OPTION,
      run: async (values) => runToken(values, parts),
    },
  ];
}

export const API_COMMANDS: readonly Command[] = apiCommands({ input: () => process.stdin, randomness: systemRandomness() });
