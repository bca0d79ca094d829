/* The report as one page that needs nothing beside it: counts, a search line, every case with its clause, precondition, dialogue and outcome. */
import type { CaseReport, ConformanceReport } from "./types.ts";

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid #8884; padding: .35rem .6rem; text-align: left; vertical-align: top; }
code, pre { font: 13px/1.4 ui-monospace, monospace; }
pre { margin: .3rem 0; overflow-x: auto; }
.passed { color: #18794e; } .failed { color: #c62828; font-weight: 600; } .skipped { color: #888; }
#find { font: inherit; margin: 1rem 0; padding: .4rem; width: 100%; }
summary { cursor: pointer; }`;

const SCRIPT = `
const find = document.getElementById("find");
const rows = [...document.querySelectorAll("tbody tr")];
find.addEventListener("input", () => {
  const words = find.value.toLowerCase().split(" ").filter((word) => word !== "");
  for (const row of rows) row.hidden = !words.every((word) => row.dataset.text.includes(word));
});`;

function details({ precondition, apdus, message, tags }: CaseReport): string {
  const lines = [
    `<p>${tags.map((tag) => `<code>${escaped(tag)}</code>`).join(" ")}</p>`,
    ...(precondition === "" ? [] : [`<p>precondition: ${escaped(precondition)}</p>`]),
    ...(apdus.length === 0 ? [] : [`<pre>${escaped(apdus.join("\n"))}</pre>`]),
    ...(message === undefined ? [] : [`<pre class="failed">${escaped(message)}</pre>`]),
  ];
  return lines.join("");
}

function row(each: CaseReport): string {
  const text = escaped([each.id, each.spec, each.title, each.outcome, ...each.tags].join(" ").toLowerCase());
  return `<tr data-text="${text}"><td><code>${escaped(each.id)}</code></td><td>${escaped(each.spec)}</td><td><details><summary>${escaped(each.title)}</summary>${details(each)}</details></td><td class="${each.outcome}">${each.outcome}</td></tr>`;
}

/** The whole page. The same report gives the same bytes. */
export function reportPage(report: ConformanceReport): string {
  const torn = report.cases.filter(({ tags }) => tags.includes("torn")).length;
  const counts = `${report.cases.length} cases, ${torn} of them torn: <span class="passed">${report.passed} passed</span>, <span class="failed">${report.failed} failed</span>, <span class="skipped">${report.skipped} skipped</span>`;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Conformance report</title>',
    `<style>${STYLE}</style></head><body><h1>Conformance report</h1><p>${counts}</p>`,
    '<input id="find" type="search" placeholder="id, clause, word, tag or outcome" aria-label="search">',
    "<table><thead><tr><th>case</th><th>clause</th><th>what is expected</th><th>outcome</th></tr></thead><tbody>",
    ...report.cases.map(row),
    `</tbody></table><script>${SCRIPT}</script></body></html>`,
    "",
  ].join("\n");
}
