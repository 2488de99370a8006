import { type RoomRequest, TrunklineError } from '@trunkline/protocol';
import type { Gone, LinkListener } from '../seams/link.js';
import type { Command, Reply, Session } from '../seams/session.js';
import type { Connection } from './connection.js';
import { endConnection } from './end-connection.js';
import { forbidden } from './grants.js';
import { readHistory } from './history-command.js';
import { memberIn, sendDirect, setPresence } from './member-commands.js';
import { Misbehaviour } from './misbehaviour.js';
import { PublishOrder } from './publish-order.js';
import { RoomOrder, settle, unwrap } from './room-order.js';
import { SessionPace } from './session-pace.js';
import type { SessionParts } from './session-parts.js';
import { inUsersWords } from './users-words.js';

type Of<T extends Command['type']> = Command & { readonly type: T };
const DONE: Reply = { type: 'done' };
const NOTHING: Reply = { type: 'response', data: null };
const MALFORMED_FRAMES = 20;
const ROOM_COMMANDS: ReadonlySet<Command['type']> = new Set(['join', 'leave', 'presence', 'publish', 'send']);

/** One connection's conversation: order per room, limits, and the way to each part of the hub. */
export class HubSession implements LinkListener, Session {
  readonly #parts: SessionParts;
  readonly #connection: Connection;
  readonly #order = new RoomOrder();
  #publishOrder: PublishOrder | null = null;
  /** Made at the first command, or at once for a user that is known: most connections are silent. */
  #pace: SessionPace | undefined;
  #inFlight: Set<string> | undefined;
  #malformed: Misbehaviour | undefined;
  /** Set while automatic rooms are joined. */
  #opening: Promise<void> | null = null;

  constructor(parts: SessionParts, connection: Connection) {
    this.#parts = parts;
    this.#connection = connection;
    if (parts.userBuckets.known(connection.principal.userId)) this.#ownPace();
  }

  get id(): string {
    return this.#connection.id;
  }

  get principal() {
    return this.#connection.principal;
  }

  gone(gone: Gone): void {
    endConnection(this.#parts, this.#connection, gone);
  }

  get isAhead(): boolean {
    return this.#pace?.isAhead ?? false;
  }

  get messagesPerSecond(): number {
    return this.#parts.core.limits.messagesPerSecond;
  }

  restMs(): number {
    return this.#pace?.restMs() ?? 0;
  }

  handle(command: Command): Reply | Promise<Reply> {
    if (!this.#connection.isOpen) return DONE;
    if (command.type === 'pong' && !command.isAnswered) {
      this.#ownPace().pong();
      return DONE;
    }
    const limited = this.#ownPace().take(command.type);
    if (limited !== null) {
      if (command.type === 'publish') this.#outOfOrder(command);
      return { type: 'error', error: limited };
    }
    if (command.type === 'pong') return DONE;
    if (this.#opening === null || !ROOM_COMMANDS.has(command.type)) return this.#begin(command);
    return this.#opening.then(() => (this.#isDue(command) ? this.#begin(command) : DONE));
  }

  /** What a peer published before it went by itself is said: that it had to wait was not its doing. */
  #isDue({ type }: Command): boolean {
    return this.#connection.isOpen || (type === 'publish' && this.#connection.closedWith === null);
  }

  /** Until then what is said in rooms waits: a client need not know which ones it is put into, and is heard as their member. */
  opensWith(automatic: Promise<void>): void {
    const opened = () => {
      this.#opening = null;
    };
    this.#opening = automatic.then(opened, opened);
  }

  #begin(command: Exclude<Command, { readonly type: 'pong' }>): Reply | Promise<Reply> {
    if (command.type === 'publish') return this.#publish(command);
    if (command.type === 'request') return this.#parts.requests.run(this.#connection, command);
    return this.#once(command).catch((error: unknown): Reply => ({ type: 'error', error: this.#refusal(error) }));
  }

  /** A room the connection opened with. @returns why it could not be joined, or null */
  async joinAtOpen(request: RoomRequest, ref: string | undefined): Promise<TrunklineError | null> {
    const join = () => settle(() => this.#join(request, ref));
    const settled = await this.#order.run([request.room], join);
    return 'error' in settled ? this.#refusal(settled.error) : null;
  }

  /** Ids of publishes and requests may come again: they attach. Any other id in use is refused. */
  async #once(command: Exclude<Command, { readonly type: 'pong' | 'publish' | 'request' }>): Promise<Reply> {
    const { id } = command;
    if (id === undefined) return this.#start(command);
    this.#inFlight ??= new Set();
    if (this.#inFlight.has(id))
      throw new TrunklineError('duplicate_id', 'A frame with this id is still being answered.', { path: 'id' });
    this.#inFlight.add(id);
    try {
      return await this.#start(command);
    } finally {
      this.#inFlight.delete(id);
    }
  }

  async #start(command: Exclude<Command, { readonly type: 'pong' | 'publish' | 'request' }>): Promise<Reply> {
    const { calls, live, requests } = this.#parts;
    switch (command.type) {
      case 'join':
        return this.#order.run([command.room], () => settle(() => this.#join(command, command.id))).then(unwrap);
      case 'leave':
        return this.#order.run([command.room], () => settle(() => this.#leave(command))).then(unwrap);
      case 'skip':
        this.#publishOrder?.settle(command.room, command.of);
        return NOTHING;
      case 'send':
        return sendDirect(this.#parts, this.#connection, command);
      case 'cancel':
        requests.cancel(this.#connection, command.of);
        return { type: 'done' };
      case 'result':
        calls.settle(this.#connection, command);
        return { type: 'done' };
      case 'presence':
        return setPresence(this.#parts, this.#connection, command);
      case 'read': {
        const { room } = memberIn(this.#connection, command.room);
        await this.#parts.receipts.advance(room, this.principal.userId, command);
        return NOTHING;
      }
      case 'receipts': {
        const { room } = memberIn(this.#connection, command.room);
        const data = await this.#parts.receipts.counts(room, this.principal.userId, command.offset);
        return { type: 'response', data };
      }
      case 'history':
        return { type: 'response', data: await readHistory(this.#parts, this.#connection, command) };
      case 'refresh':
        return { type: 'response', data: await live.refresh(this.#connection, command.token) };
      case 'refused':
        return this.#refused(command);
    }
  }

  /** Kept with clients that send the same id again; others would be refused for ever. Made at the first publish. */
  #orderOfPublishes(): PublishOrder | null {
    if (this.#connection.showsAgain) this.#publishOrder ??= new PublishOrder();
    return this.#publishOrder;
  }

  #publish(command: Of<'publish'>): Reply | Promise<Reply> {
    const { publishing } = this.#parts;
    const connection = this.#connection;
    const publishOrder = this.#orderOfPublishes();
    const arrival = publishOrder?.arrive() ?? 0;
    if (this.#order.isFree(command.rooms) && publishing.isReady(connection, command))
      return publishing.start(connection, command, publishOrder, arrival);
    // The order waits for the start only; the acknowledgement comes when it comes.
    return this.#order
      .run(command.rooms, async () => {
        await publishing.prepare(connection, command);
        return { ack: publishing.start(connection, command, publishOrder, arrival) };
      })
      .then(({ ack }) => ack);
  }

  async #join(request: RoomRequest, ref?: string): Promise<Reply> {
    const { joining } = this.#parts;
    const asked = await joining.ask(this.#connection, request.room);
    if (!asked.grant.join) throw forbidden();
    this.#connection.declined?.delete(request.room);
    if (!(await joining.join(this.#connection, request, asked, ref))) throw forbidden();
    return { type: 'done' };
  }

  async #leave({ room }: Of<'leave'>): Promise<Reply> {
    this.#connection.stale?.delete(room);
    const membership = this.#connection.memberships.get(room);
    if (membership) {
      this.#parts.joining.leave(membership, true);
      if (membership.room.rules.definition.autoJoin) {
        this.#connection.declined ??= new Set();
        this.#connection.declined.add(room);
      }
    } else {
      this.#parts.core.rules.kindOf(room);
    }
    return { type: 'left', room, timestamp: Date.now() };
  }

  #refused({ error }: Of<'refused'>): Reply {
    this.#parts.core.observer.refused?.(error.code);
    this.#malformed ??= new Misbehaviour(MALFORMED_FRAMES);
    if (this.#malformed.add(performance.now())) setImmediate(() => this.#connection.close(4501, 'protocol_violation'));
    return { type: 'error', error };
  }

  #ownPace(): SessionPace {
    this.#pace ??= new SessionPace(this.#parts, this.#connection);
    return this.#pace;
  }

  /** What follows a publish that was refused waits until it comes again. */
  #outOfOrder({ id, rooms }: Of<'publish'>): void {
    const publishOrder = this.#orderOfPublishes();
    const arrival = publishOrder?.arrive() ?? 0;
    for (const room of rooms) publishOrder?.refuse(room, id, arrival);
  }

  #refusal(error: unknown): TrunklineError {
    const { logger, observer } = this.#parts.core;
    const isOurs = error instanceof TrunklineError;
    if (!isOurs || error.code === 'internal') logger.error({ err: error }, 'a command failed');
    if (!isOurs) return new TrunklineError('internal', 'The server failed; try again.');
    observer.refused?.(error.code);
    return inUsersWords(error);
  }
}
