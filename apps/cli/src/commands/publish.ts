import { Command } from 'commander';
import pc from 'picocolors';
import { json, publishId, wholeNumber } from '../arguments.js';
import { openClient } from '../open-client.js';
import { openRoom } from '../open-room.js';
import { createOutput } from '../output.js';
import { type ServerOptions, withServerOptions } from '../server-options.js';

interface PublishOptions extends ServerOptions {
  readonly id?: string;
  readonly timeout: number;
}

export function publishCommand(): Command {
  return withServerOptions(new Command('publish'))
    .description('publish one event and wait until the log holds it')
    .argument('<room>', 'kind:id')
    .argument('<event>', "an event of the room's kind")
    .argument('<json>', 'its data; - reads standard input', json)
    .option('--id <id>', 'the publish id: the same one again acts once', publishId)
    .option('--timeout <ms>', 'how long to wait', wholeNumber(1), 10_000)
    .action(async (name: string, event: string, data: unknown, options: PublishOptions) => {
      await using client = await openClient(options);
      const { id, epoch, offset, duplicate } = await openRoom(client, name).publish(event, data, {
        ttlMs: options.timeout,
        ...(options.id === undefined ? {} : { id: options.id }),
      });
      createOutput(options.json).print({ id, epoch, offset, duplicate }, () => {
        const place = offset === undefined ? 'sent' : `kept at offset ${offset}`;
        return `${pc.green('✓')} ${place} ${pc.dim(id)}${duplicate ? ' (it was there before)' : ''}`;
      });
    });
}
