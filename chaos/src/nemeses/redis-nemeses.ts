import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PREFIX } from '../topology.js';
import { between, type Nemesis, oneNode, oneOf } from './nemesis.js';

/** Harm to the one Redis, and to what lies between it and a node. */
export const REDIS_NEMESES: readonly Nemesis[] = [
  {
    name: 'pub/sub kill',
    async run({ redis }) {
      await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
  },
  {
    name: 'reply swallowed',
    async run(topology, random) {
      oneNode(topology, random).redis.commands.swallowReply(
        (request) => request.includes('EVALSHA') || request.includes('evalsha'),
      );
      await delay(1_000);
    },
  },
  {
    name: 'Redis reset',
    async run(topology, random) {
      for (const path of oneNode(topology, random).redis.all) path.rstAll();
    },
  },
  {
    name: 'subscriber silent while commands work',
    async run(topology, random) {
      const { subscriber } = oneNode(topology, random).redis;
      subscriber.blackhole('both');
      await delay(between(random, 2_000, 8_000));
      subscriber.heal();
    },
  },
  {
    name: 'commands silent while the subscriber works',
    async run(topology, random) {
      const { commands } = oneNode(topology, random).redis;
      commands.blackhole(random() < 0.5 ? 'down' : 'both');
      await delay(between(random, 2_000, 8_000));
      commands.heal();
    },
  },
  {
    name: 'partition of a node from Redis',
    async run(topology, random) {
      const { all } = oneNode(topology, random).redis;
      for (const path of all) path.blackhole('both');
      await delay(between(random, 2_000, 8_000));
      for (const path of all) path.heal();
    },
  },
  {
    name: 'Redis pause',
    async run({ redis }, random) {
      redis.pause();
      await delay(between(random, 1_000, 10_000));
      redis.resume();
    },
  },
  {
    name: 'Redis refuses writes',
    async run({ redis }) {
      await redis.command('CLIENT', 'PAUSE', '3000', 'WRITE');
      await delay(3_200);
    },
  },
  {
    name: 'Redis kill and restart (AOF)',
    async run({ redis }, random) {
      await redis.kill();
      await delay(between(random, 0, 2_000));
      await redis.start();
    },
  },
  {
    name: 'Redis kill and restart (old RDB)',
    async run({ redis }, random) {
      await redis.command('SAVE');
      await delay(between(random, 500, 2_000));
      await redis.kill();
      await forgetAppendOnlyFile(redis.directory);
      await redis.start('--appendonly', 'no');
      await redis.command('CONFIG', 'SET', 'appendonly', 'yes');
    },
  },
  {
    name: 'Redis kill and restart (nothing kept)',
    async run({ redis }, random) {
      await redis.kill();
      await forgetAppendOnlyFile(redis.directory);
      await delay(between(random, 0, 2_000));
      await redis.start();
    },
  },
  {
    name: 'Redis flushed',
    async run({ redis }) {
      await redis.command('FLUSHALL');
    },
  },
  {
    name: 'one log deleted',
    async run({ redis, rooms }, random) {
      await redis.command('DEL', `${PREFIX}:{${oneOf(rooms, random)}}:log`);
    },
  },
];

/** Redis 7 keeps it in a directory of its own. */
function forgetAppendOnlyFile(directory: string): Promise<void> {
  return rm(join(directory, 'appendonlydir'), { recursive: true });
}
