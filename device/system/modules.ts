/**
 * Address of a module that is started as a worker or child process, beside the module that starts it: `.ts` when the sources run,
 * `.js` when the compiled output runs. The compiler rewrites import specifiers only, not addresses made at run time.
 *
 * @param from `import.meta.url` of the module that starts it.
 * @param path Relative path without extension, such as `./worker`.
 */
export function moduleBeside(from: string, path: string): URL {
  return new URL(`${path}${from.endsWith(".ts") ? ".ts" : ".js"}`, from);
}
