import type { OpenOptions } from '../seams/gateway.js';

/** What of its opening counts for as long as a connection lives. */
export type LastingOptions = Required<
  Pick<OpenOptions, 'autoJoin' | 'dialect' | 'eachEventOnce' | 'heartbeat' | 'rejoin'>
> & {
  readonly heartbeatTiming: OpenOptions['heartbeatTiming'];
};

/** Beyond so many a connection has options of its own. */
const MAX_KINDS = 100;

/** One object for all connections that opened alike, as nearly all of a dialect do. */
export class SharedOptions {
  readonly #kinds: LastingOptions[] = [];

  of(opened: OpenOptions): LastingOptions {
    const { dialect, autoJoin = false, rejoin = false, eachEventOnce = true } = opened;
    const { heartbeat = 'notice', heartbeatTiming } = opened;
    const known = this.#kinds.find(
      (kind) =>
        kind.dialect === dialect &&
        kind.autoJoin === autoJoin &&
        kind.rejoin === rejoin &&
        kind.eachEventOnce === eachEventOnce &&
        kind.heartbeat === heartbeat &&
        kind.heartbeatTiming === heartbeatTiming,
    );
    if (known !== undefined) return known;
    const options = { dialect, autoJoin, rejoin, eachEventOnce, heartbeat, heartbeatTiming };
    if (this.#kinds.length < MAX_KINDS) this.#kinds.push(options);
    return options;
  }
}
