import { createInterface } from 'node:readline/promises';
import { TrunklineError } from '@trunkline/protocol';
import pc from 'picocolors';
import { messageOf } from '../client-error.js';
import { eventLine, eventRecord } from '../event-line.js';
import { CommandError } from '../exit-code.js';
import type { OpenClient } from '../open-client.js';
import type { Output } from '../output.js';
import { COMMANDS, findCommand, type ReplContext } from './commands.js';
import { complete } from './complete.js';

export interface ReplOptions {
  readonly client: OpenClient;
  readonly output: Output;
  readonly rooms: readonly string[];
}

/** Reads commands until `quit`, Ctrl-D or the end of the input. Commands run one after another, as typed. */
export async function runRepl({ client, output, rooms }: ReplOptions): Promise<void> {
  const terminal = process.stdin.isTTY === true && !output.asJson;
  const reader = createInterface({
    input: process.stdin,
    ...(terminal ? { output: process.stdout, completer: (line: string) => complete(line, context.rooms()) } : {}),
    prompt: pc.bold('› '),
    historySize: 200,
  });
  // Asked for before anything is awaited: lines that come earlier would be lost.
  const lines = reader[Symbol.asyncIterator]();
  const joined = new Set<string>();
  let isPrompting = false;
  let isClosed = false;
  const context: ReplContext = {
    client,
    joined,
    rooms: () => [...joined],
    print(record, text) {
      // The line that is being typed is drawn anew below what came.
      if (terminal) process.stdout.write('\r\x1b[K');
      output.print(record, text);
      if (isPrompting) reader.prompt(true);
    },
    quit: () => reader.close(),
  };
  client.on('event', (event) => {
    if (event.event !== 'typing') context.print(eventRecord(event), () => eventLine(event));
  });
  client.on('gap', (gap) => context.print({ gap }, () => pc.yellow(`${gap.room}: events were missed: ${gap.reason}`)));
  client.on('left', (left) => context.print({ left }, () => pc.yellow(`${left.room}: left: ${left.reason}`)));
  const stop = client.on('state', (state, previous) => {
    if (state.status !== previous.status)
      context.print({ state: state.status }, () => pc.dim(`connection: ${state.status}`));
  });
  reader.on('SIGINT', () => reader.close());
  reader.on('close', () => {
    isClosed = true;
    isPrompting = false;
  });

  context.print(
    { connected: client.userId },
    () => `Connected as ${pc.bold(client.userId ?? '')}. "help" lists the commands.`,
  );
  for (const room of rooms) await run(`join ${room}`, context);
  prompt();
  for await (const line of lines) {
    isPrompting = false;
    await run(line, context);
    prompt();
  }
  stop();

  function prompt(): void {
    // A prompt after the end would wait for input again, for ever.
    isPrompting = terminal && !isClosed;
    if (isPrompting) reader.prompt();
  }
}

async function run(line: string, context: ReplContext): Promise<void> {
  const [name = '', ...words] = line.trim().split(/\s+/);
  if (name === '') return;
  const command = findCommand(name);
  try {
    if (!command)
      throw new CommandError(2, `There is no ${name}; there are ${COMMANDS.map((one) => one.name).join(', ')}.`);
    await command.run(context, words);
  } catch (error) {
    const { code, message } =
      error instanceof TrunklineError
        ? { code: error.code, message: messageOf(error) }
        : { code: 'usage', message: error instanceof Error ? error.message : String(error) };
    context.print({ error: { code, message } }, () => pc.red(`${code}: ${message}`));
  }
}
