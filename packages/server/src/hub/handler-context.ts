import type { Principal } from '../seams/authenticator.js';
import type { Connection } from './connection.js';
import type { ActionContext } from './hub-api.js';
import type { LazyAbort } from './lazy-abort.js';

/** What a handler is given beside its input. A class, for a literal with an accessor is built property by property each time. */
export class HandlerContext implements ActionContext<unknown> {
  readonly principal: Principal;
  readonly connectionId: string;
  readonly #abort: LazyAbort;

  constructor(
    connection: Connection,
    readonly requestId: string,
    abort: LazyAbort,
    readonly progress: (data: unknown) => void,
  ) {
    this.principal = connection.principal;
    this.connectionId = connection.id;
    this.#abort = abort;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }
}
