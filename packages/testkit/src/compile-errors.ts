import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/**
 * What the compiler says to a program that stands at `at`, under the nearest tsconfig.json.
 *
 * @returns the first line of each error, in the program's order
 */
export function compileErrors(source: string, at: URL): string[] {
  const file = fileURLToPath(at);
  const configFile = ts.findConfigFile(file, ts.sys.fileExists) ?? '';
  const { config } = ts.readConfigFile(configFile, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, files: [], include: [] },
    ts.sys,
    fileURLToPath(new URL('.', at)),
    {},
    configFile,
  );
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, version) =>
    name === file ? ts.createSourceFile(name, source, version) : getSourceFile(name, version);
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program, program.getSourceFile(file))
    .map(({ messageText }) => (typeof messageText === 'string' ? messageText : messageText.messageText));
}

/** The names that the compiler would have taken, in the order of the alphabet; all of the error where it says none. */
export function namesWanted(error: string): string[] {
  const [, wanted] = error.split(' is not assignable to parameter of type ');
  return wanted === undefined ? [error] : [...wanted.matchAll(/["`](.+?)["`]/g)].map(([, name = '']) => name).sort();
}
