import { Command, InvalidArgumentError, Option } from 'commander';
import { json, socketUrl } from '../arguments.js';
import { CommandError, EXIT } from '../exit-code.js';
import { createOutput } from '../output.js';
import { type ServerOptions, unreachable } from '../server-options.js';
import { runShipvoxRepl } from '../shipvox/run-shipvox-repl.js';
import { findShipvoxToken } from '../shipvox/shipvox-token.js';

interface ShipvoxOptions extends ServerOptions {
  readonly type: string;
  readonly payload: unknown;
  readonly username?: string;
  readonly interactive?: boolean;
}

const SOCKET_PATH = '/shipvox/ws';

export function shipvoxCommand(): Command {
  return new Command('shipvox')
    .description('send a message in the shipvox wire format, and print what comes back')
    .addOption(
      new Option('--url <url>', 'the socket; its document has it at ws://localhost:8000/ws')
        .env('TRUNKLINE_SHIPVOX_URL')
        .default(`ws://127.0.0.1:8080${SOCKET_PATH}`)
        .argParser((text: string) => socketUrl(text, SOCKET_PATH)),
    )
    .addOption(new Option('--token <jwt>', 'a token; without one it logs in at POST /token').env('TOKEN'))
    .option(
      '--username <name>',
      "the account; its password is asked for or read from standard input (default: the development server's)",
    )
    .option('--type <type>', 'the type of the message', 'test')
    .option('--payload <json>', 'its payload', json, {})
    .option('--interactive', 'read "<type> <json>" lines until the end of the input')
    .option('--json', 'one JSON value a line')
    .action(async (options: ShipvoxOptions) => {
      if (options.type === '') throw new InvalidArgumentError('--type must not be empty.');
      const { openShipvox } = await import('../shipvox/open-shipvox.js');
      const output = createOutput(options.json);
      const token = await findShipvoxToken(options);
      await using socket = await openShipvox(options.url, token).catch((error: unknown) => {
        throw error instanceof Error && 'code' in error ? unreachable(options.url) : error;
      });
      if (options.interactive) return await runShipvoxRepl(socket, output);
      const answer = await socket.exchange(options.type, options.payload);
      output.print(answer, () => JSON.stringify(answer, null, 2));
      if (answer.type === 'error' && answer.user === undefined)
        throw new CommandError(EXIT.failed, 'The server refused the message.', 'refused');
    });
}
