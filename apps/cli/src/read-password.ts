import { text } from 'node:stream/consumers';
import { CommandError, EXIT } from './exit-code.js';

/** Asks twice at a terminal; else the first line of standard input. Never an argument: those show in process lists. */
export async function readNewPassword(): Promise<string> {
  if (!process.stdin.isTTY) return firstLine();
  const password = await ask('Password');
  if ((await ask('Again')) !== password)
    throw new CommandError(EXIT.usage, 'The two passwords differ; try again.', 'invalid');
  return password;
}

export async function readPassword(): Promise<string> {
  return process.stdin.isTTY ? ask('Password') : firstLine();
}

async function firstLine(): Promise<string> {
  const [line = ''] = (await text(process.stdin)).split(/\r?\n/, 1);
  return line;
}

async function ask(message: string): Promise<string> {
  const { default: password } = await import('@inquirer/password');
  try {
    return await password({ message, mask: true }, { output: process.stderr });
  } catch {
    throw new CommandError(EXIT.usage, 'No password was given.', 'invalid');
  }
}
