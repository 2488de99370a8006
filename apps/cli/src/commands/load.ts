import { Command } from 'commander';
import { seconds, wholeNumber } from '../arguments.js';
import { EXIT } from '../exit-code.js';
import { createOutput } from '../output.js';
import { type ServerOptions, withServerOptions } from '../server-options.js';

interface LoadOptions extends ServerOptions {
  readonly connections: number;
  readonly rooms: number;
  readonly rate: number;
  readonly duration: number;
  readonly bytes: number;
  readonly timeout: number;
}

export function loadCommand(): Command {
  return withServerOptions(
    new Command('load'),
    "many are signed with JWT_SECRET, or else a development server's own is used",
  )
    .description('open connections, publish at a rate, and measure acks and deliveries')
    .option('--connections <n>', 'sockets; with JWT_SECRET set, each is a user of its own', wholeNumber(1, 15_000), 50)
    .option('--rooms <n>', 'rooms (lobby:load-1 …) they are spread over', wholeNumber(1, 15_000), 5)
    .option('--rate <n>', 'messages published a second, in all', wholeNumber(1, 100_000), 50)
    .option('--duration <time>', 'how long to publish: 10s, 2m', seconds, 10)
    .option('--bytes <n>', 'length of the text in each message', wholeNumber(0, 1_000_000), 100)
    .option('--timeout <ms>', 'how long to wait for each join and each ack', wholeNumber(1, 2_147_483_647), 30_000)
    .action(async (options: LoadOptions) => {
      const output = createOutput(options.json);
      const { loadTest, resultTable } = await import('../load/load-test.js');
      const result = await loadTest({ ...options, timeoutMs: options.timeout, server: options, silent: output.asJson });
      output.print(result, () => resultTable(result));
      if (result.refused > 0 || result.lost > 0) process.exitCode = EXIT.failed;
    });
}
