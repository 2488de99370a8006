import { Command } from 'commander';
import { seconds, wholeNumber } from '../arguments.js';
import { EXIT } from '../exit-code.js';
import { createOutput } from '../output.js';
import { type ServerOptions, withServerOptions } from '../server-options.js';

interface VerifyOptions extends ServerOptions {
  readonly clients: number;
  readonly rooms: number;
  readonly rate: number;
  readonly duration: number;
  readonly seed: number;
}

export function verifyCommand(): Command {
  return withServerOptions(new Command('verify'), 'one of role admin is signed with JWT_SECRET')
    .description('prove delivery on this deployment: publish, cut connections, and judge what every callback saw')
    .option('--clients <n>', 'connections of the SDK', wholeNumber(1, 1_000), 10)
    .option('--rooms <n>', 'rooms of the reserved kind verify', wholeNumber(1, 100), 3)
    .option('--rate <n>', 'messages published a second, in all', wholeNumber(1, 10_000), 50)
    .option('--duration <time>', 'how long to publish: 10s, 2m', seconds, 15)
    .option('--seed <n>', 'replays the same choices', wholeNumber(0, 2_147_483_647), Date.now() % 1_000_000)
    .action(async (options: VerifyOptions) => {
      const output = createOutput(options.json);
      const { runVerify } = await import('../verify/run-verify.js');
      const { ledgerTable } = await import('../verify/ledger-table.js');
      const ledger = await runVerify({ ...options, server: options, remark: output.remark });
      output.print({ seed: options.seed, ...ledger }, () => ledgerTable(ledger, options.seed));
      if (ledger.findings.length > 0) process.exitCode = EXIT.failed;
    });
}
