/* The document is sound, whole, and the one that lies in docs. `YIKATONG_WRITE=1` writes it anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { REFUSAL_WORDS } from "./errors.ts";
import { openApiDocument, ROUTES } from "./openapi.ts";
import { NAMED } from "./schema-words.ts";

const KEPT = fileURLToPath(new URL("../../../docs/openapi.json", import.meta.url));
const WORDS = fileURLToPath(new URL("../../../docs/json.md", import.meta.url));
const text = `${JSON.stringify(openApiDocument(), null, 2)}\n`;
// Read back, so that what is judged is what travels.
const document = JSON.parse(text) as {
  openapi: string;
  paths: Record<
    string,
    Record<string, { operationId: string; requestBody?: object; responses: Record<string, unknown>; parameters?: { name: string; in: string }[] }>
  >;
  components: { schemas: Record<string, unknown> };
};
if (process.env["YIKATONG_WRITE"] === "1") writeFileSync(KEPT, text);

describe("the OpenAPI document", () => {
  it("is valid for a public validator", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(text) as Record<string, unknown>);
    expect([valid, errors]).toEqual([true, undefined]);
    expect(validator.version).toBe("3.1");
  });

  it("is refused by the validator when it is not", async () => {
    const planted: Record<string, unknown> = { ...openApiDocument(), paths: { "/v1/x": { get: { responses: "none" } } } };
    expect((await new Validator().validate(planted)).valid).toBe(false);
  });

  it("is the one in docs", () => expect(readFileSync(KEPT, "utf8")).toBe(text));

  it.each(ROUTES.map(({ definition }) => [definition.id, definition] as const))("holds %s", (id, { method, path, body, answers, params }) => {
    const operation = document.paths[path]?.[method.toLowerCase()];
    expect(operation?.operationId).toBe(id);
    expect(operation?.requestBody !== undefined).toBe(body !== undefined);
    for (const { status } of answers) expect(operation?.responses).toHaveProperty(String(status));
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(operation?.parameters?.filter((each) => each.in === "path").map((each) => each.name) ?? []).toEqual(inPath);
    expect(params.safeParse({}).success).toBe(inPath.length === 0);
  });

  it("holds nothing that is not served", () => {
    const held = Object.values(document.paths).flatMap((at) => Object.values(at).map(({ operationId }) => operationId));
    expect(held.sort()).toEqual(ROUTES.map(({ definition }) => definition.id).sort());
  });

  it("names every schema, and uses each that it names", () => {
    const named = Object.keys(document.components.schemas).sort();
    expect(named).toEqual([...NAMED._idmap.keys()].sort());
    const used = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]));
    expect(named.filter((name) => !used.has(name))).toEqual([]);
    expect([...used].filter((name) => name === undefined || !named.includes(name))).toEqual([]);
  });

  it("leaves no object open but the status and what the agency and the card say", () => {
    const open = Object.entries(document.components.schemas).filter(([, schema]) => JSON.stringify(schema).includes('"additionalProperties":{}'));
    expect(open.map(([name]) => name)).toEqual(["Benefits", "ServiceAct", "Status"]);
  });

  it("has every refusal in docs/json.md", () => {
    const told = readFileSync(WORDS, "utf8");
    expect(REFUSAL_WORDS.filter((word) => !told.includes(`| \`${word}\` |`))).toEqual([]);
  });
});
