import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

// Inside the package, so that a snippet finds the packages that it imports.
const HERE = fileURLToPath(new URL('..', import.meta.url));

export interface Surroundings {
  /** What the snippet takes for granted: globals of its platform and of the text around it. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** Files of its own project that it imports, by path from it. */
  readonly files?: Readonly<Record<string, string>>;
  /** What of it the test looks at. */
  readonly exports?: readonly string[];
  /** Code that runs already, and writes to the same console. */
  readonly beside?: RunningSnippet;
}

export interface RunningSnippet extends AsyncDisposable {
  readonly exports: Readonly<Record<string, unknown>>;
  /** What it wrote to its console, a line each. */
  readonly log: unknown[][];
}

/** Puts values where a document tells its reader to put them. @throws when a placeholder is not there */
export function fillIn(snippet: string, values: Readonly<Record<string, string>>): string {
  let text = snippet;
  for (const [placeholder, value] of Object.entries(values)) {
    if (!text.includes(placeholder)) throw new Error(`No "${placeholder}" in: ${snippet}`);
    text = text.replaceAll(placeholder, value);
  }
  return text;
}

/** Runs a document's code in this process as it stands: only what surrounds it is given. */
export async function runSnippet(
  code: string,
  { globals = {}, files = {}, exports = [], beside }: Surroundings,
): Promise<RunningSnippet> {
  const directory = await mkdtemp(join(HERE, 'built-'));
  const log = beside?.log ?? [];
  const say = (...line: unknown[]) => void log.push(line);
  const restore = giveGlobals({ console: { log: say, warn: say, error: say }, ...globals });
  const write = async (path: string, text: string) => {
    const file = join(directory, 'src', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  const file = await write('snippet.ts', `${code}\nexport { ${exports.join(', ')} };\n`);
  return {
    exports: await import(file),
    log,
    async [Symbol.asyncDispose]() {
      restore();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function giveGlobals(globals: Readonly<Record<string, unknown>>): () => void {
  const before = Object.getOwnPropertyDescriptors(globalThis) as Readonly<Record<string, PropertyDescriptor>>;
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  return () => {
    for (const name of Object.keys(globals)) {
      Reflect.deleteProperty(globalThis, name);
      if (before[name]) Object.defineProperty(globalThis, name, before[name]);
    }
  };
}

/** The same code for a page, with what it imports; its values named in `exports` become globals there. */
export async function bundleSnippet(code: string, exports: readonly string[] = []): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `${code}\nObject.assign(globalThis, { ${exports.join(', ')} });\n`,
      loader: 'tsx',
      resolveDir: HERE,
    },
    bundle: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    format: 'iife',
    jsx: 'automatic',
    logLevel: 'silent',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
