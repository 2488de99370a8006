import { createId } from '@trunkline/protocol';
import type { Broker, BrokerEvents } from '../../seams/broker.js';
import { META_EXTRA_MS } from './append-call.js';
import { type AppendLane, createAppendLane } from './append-lane.js';
import { decodeRoomMessage, decodeSignal, encodeEmitted, encodeSignal, parseJson } from './envelope.js';
import { createLogReader } from './log-reader.js';
import { createRedisConnection, type RedisConnection } from './redis-connection.js';
import { describeFailure } from './redis-failure.js';
import type { RedisLink } from './redis-link.js';
import { runScript } from './redis-script.js';
import { restartScript } from './scripts/restart.js';
import { retainedScript, retainScript } from './scripts/retain.js';

export interface RedisBrokerOptions {
  readonly link: RedisLink;
  /** Within it every publish settles, milliseconds. */
  readonly publishDeadlineMs: number;
}

interface DurableLane {
  readonly connection: RedisConnection;
  readonly lane: AppendLane;
}

/** The broker over Redis: a stream per room is the truth, pub/sub the hint. Closes the link when it closes. */
export function createRedisBroker({ link, publishDeadlineMs }: RedisBrokerOptions): Broker {
  const { keys, nodeId, observer, refused, subscriber } = link;
  const subscribed = new Set<string>();
  const read = createLogReader(link);
  const lane = createAppendLane({ redis: link.commands, keys, deadlineMs: publishDeadlineMs, refused });
  let durable: DurableLane | undefined;
  let events: BrokerEvents | undefined;
  link.onCommands({
    async connected(redis) {
      // A script that must first be sent as text would let later messages overtake.
      await redis.script('LOAD', retainScript.lua);
      await lane.resume();
    },
    lost: lane.suspend,
  });

  /** WAIT holds up everything behind it, so what asks for replicas has a connection of its own. */
  function durableLane(): AppendLane {
    if (durable !== undefined) return durable.lane;
    const connection = createRedisConnection({
      options: link.target.options,
      name: `${keys.prefix}:${nodeId.slice(0, 8)}:replicated`,
      commandTimeoutMs: publishDeadlineMs,
      observer,
      onReady: () =>
        void own.resume().catch((error: unknown) => {
          own.suspend(describeFailure(error));
          connection.retry(describeFailure(error));
        }),
      onLost: (reason) => own.suspend(reason),
    });
    const own = createAppendLane({ redis: connection.redis, keys, deadlineMs: publishDeadlineMs, refused });
    durable = { connection, lane: own };
    own.expect();
    connection.open();
    return own;
  }

  function hear(room: string, text: string): void {
    const message = decodeRoomMessage(text);
    if (message === null) observer.brokerEvent?.('junk');
    else if (message.type === 'logged') for (const event of message.events) events?.logged(room, event);
    else if (message.type === 'emitted') events?.emitted(room, message.message);
    else events?.suspect([room]);
  }

  function hearSignal(text: string): void {
    const message = decodeSignal(text);
    if (message === undefined) observer.brokerEvent?.('junk');
    else events?.signalled(message);
  }

  async function restart(room: string, epoch: string) {
    const places = [keys.log(room), keys.meta(room), keys.retained(room), keys.retainedOrder(room)];
    const args = [createId(), META_EXTRA_MS, keys.roomChannel(room), epoch];
    const reply = await link.script(restartScript, [...places, ...args]);
    const [inForce, offset, lastId]: unknown[] = Array.isArray(reply) ? reply : [];
    return { epoch: String(inForce), offset: Number(offset), lastId: String(lastId) };
  }

  return {
    name: 'redis',
    nodeId,
    get status() {
      return link.status;
    },
    get clockAheadMs() {
      return link.clockAheadMs;
    },
    start(listener) {
      events = listener;
      link.onHeal(() => Promise.resolve(listener.suspect(null)));
      link.onStatus((status) => listener.status(status));
      void subscriber.listen(keys.nodesChannel, hearSignal);
      void subscriber.listen(keys.nodeChannel(nodeId), hearSignal);
      return link.start();
    },
    subscribe(room) {
      subscribed.add(room);
      return subscriber.listen(keys.roomChannel(room), (text) => hear(room, text));
    },
    unsubscribe(room) {
      subscribed.delete(room);
      subscriber.unlisten(keys.roomChannel(room));
    },
    publish: (publication) => (publication.minReplicas > 0 ? durableLane() : lane).publish(publication),
    read,
    purge: async (room) => void (await restart(room, '')),
    bumpEpoch: (room, epoch) => restart(room, epoch),
    emit(room, message, retain) {
      const channel = keys.roomChannel(room);
      const heardHere = link.usable && subscriber.hears(channel);
      if (!heardHere && subscribed.has(room) && !retain?.only) events?.emitted(room, message);
      if (!link.usable) return;
      const envelope = encodeEmitted(message);
      const args = [
        keys.retained(room),
        keys.retainedOrder(room),
        retain?.key ?? '',
        envelope.slice(2),
        retain?.ttlMs ?? 0,
        retain?.only ? '' : channel,
        envelope,
      ];
      const sent =
        retain === undefined ? link.commands.publish(channel, envelope) : runScript(link.commands, retainScript, args);
      // Ephemeral: what is lost is lost.
      sent.catch(() => undefined);
    },
    async retained(room) {
      try {
        const kept = await link.script(retainedScript, [keys.retained(room), keys.retainedOrder(room)]);
        return Array.isArray(kept)
          ? kept.map((text) => parseJson(String(text))).filter((one) => one !== undefined)
          : [];
      } catch {
        return [];
      }
    },
    signal(to, message) {
      if (to !== 'all' && to.nodeId === nodeId) {
        events?.signalled(message);
        return;
      }
      if (to === 'all' && !(link.usable && subscriber.hears(keys.nodesChannel))) events?.signalled(message);
      if (!link.usable) return;
      const channel = to === 'all' ? keys.nodesChannel : keys.nodeChannel(to.nodeId);
      link.commands.publish(channel, encodeSignal(message)).catch(() => undefined);
    },
    async close() {
      lane.close();
      durable?.lane.close();
      await durable?.connection.close();
      await link.close();
    },
  };
}
