import { once } from 'node:events';
import { Command } from 'commander';
import pc from 'picocolors';
import { wholeNumber } from '../arguments.js';
import { eventLine, eventRecord } from '../event-line.js';
import { CommandError, EXIT } from '../exit-code.js';
import { explain, openClient } from '../open-client.js';
import { openRoom } from '../open-room.js';
import { createOutput } from '../output.js';
import { type ServerOptions, withServerOptions } from '../server-options.js';

interface TailOptions extends ServerOptions {
  readonly rewind?: number;
  readonly count: number;
}

export function tailCommand(): Command {
  return withServerOptions(new Command('tail'))
    .description("print a room's events as they come")
    .argument('<room>', 'kind:id')
    .option('--rewind <n>', 'begin with the last n events of the log', wholeNumber(0))
    .option('--count <n>', 'end after n events', wholeNumber(1), Number.POSITIVE_INFINITY)
    .action(async (name: string, options: TailOptions) => {
      const output = createOutput(options.json);
      await using client = await openClient(options);
      const room = openRoom(client, name);
      const end = new AbortController();
      const ended = once(end.signal, 'abort');
      let left = options.count;
      let failure: Error | undefined;
      room.onEvent((event) => {
        if (left <= 0) return;
        output.print(eventRecord(event), () => eventLine(event));
        left -= 1;
        if (left === 0) end.abort();
      });
      room.onGap((gap) => output.print({ gap }, () => pc.yellow(`events were missed for good: ${gap.reason}`)));
      room.onLeft(({ reason, retryable }) => {
        if (retryable) return output.remark(`the room is away: ${reason}`);
        failure = new CommandError(EXIT.failed, `The server ended the membership: ${reason}.`, reason);
        end.abort();
      });
      client.on('state', (state, previous) => {
        if (state.status === 'waiting') output.remark(`connection lost (${state.cause.code}), trying again`);
        if (state.status === 'open' && previous.status !== 'open') output.remark('connected again');
        if (state.status !== 'closed') return;
        failure = explain(state, options.url);
        end.abort();
      });
      process.once('SIGINT', () => end.abort());
      await room.join(options.rewind === undefined ? {} : { rewind: options.rewind });
      output.remark(`joined ${name}; Ctrl-C ends`);
      await ended;
      if (failure) throw failure;
    });
}
