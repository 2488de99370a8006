import { Command } from 'commander';
import { openClient } from '../open-client.js';
import { createOutput } from '../output.js';
import { type ServerOptions, withServerOptions } from '../server-options.js';

export function connectCommand(): Command {
  return withServerOptions(new Command('connect'))
    .description('talk to a server by hand: join, publish, history and more')
    .argument('[rooms...]', 'rooms to join at once')
    .action(async (rooms: readonly string[], options: ServerOptions) => {
      const { runRepl } = await import('../repl/run-repl.js');
      await using client = await openClient(options);
      await runRepl({ client, output: createOutput(options.json), rooms });
    });
}
