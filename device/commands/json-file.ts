/* A file of JSON that a command is given. */
import { readFile } from "node:fs/promises";

/** The file's JSON, or the sentence that says why there is none. */
export async function readJson(file: string): Promise<{ readonly value: unknown } | string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    return `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return `${file} is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}
