import { TrunklineError } from '@trunkline/protocol';
import { CommanderError, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { messageOf } from './client-error.js';
import { CommandError, EXIT, type ExitCode } from './exit-code.js';

/** Tells what went wrong in one line on standard error, as JSON where the command was asked for JSON. */
export function reportError(error: unknown, asJson: boolean): ExitCode {
  // Commander has told what it found itself; an argument that a command looked at later is ours to tell.
  if (error instanceof CommanderError && !(error instanceof InvalidArgumentError)) {
    if (error.exitCode === 0) return EXIT.ok;
    if (!asJson) return EXIT.usage;
  }
  const { exitCode, code, message } = describe(error);
  const line = message.replaceAll(/\s*\n\s*/g, ' ');
  const named = error instanceof TrunklineError ? `${code}: ${line}` : line;
  const text = asJson ? JSON.stringify({ error: { code, message: line, exitCode } }) : `${pc.red('error:')} ${named}`;
  process.stderr.write(`${text}\n`);
  return exitCode;
}

function describe(error: unknown): { readonly exitCode: ExitCode; readonly code: string; readonly message: string } {
  if (error instanceof CommandError) return error;
  if (error instanceof CommanderError)
    return { exitCode: EXIT.usage, code: 'usage', message: error.message.replace(/^error: /, '') };
  if (error instanceof TrunklineError) {
    const where = error.path === undefined ? '' : ` (${error.path})`;
    return { exitCode: EXIT.failed, code: error.code, message: `${messageOf(error)}${where}` };
  }
  // The server's own configuration errors name their variable.
  if (error instanceof Error && error.name === 'ConfigurationError')
    return { exitCode: EXIT.configuration, code: 'configuration', message: error.message };
  return { exitCode: EXIT.failed, code: 'failed', message: error instanceof Error ? error.message : String(error) };
}
