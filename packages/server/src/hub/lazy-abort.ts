/** An AbortController that is made when somebody looks at its signal: most handlers never do, and it costs as much as they. */
export class LazyAbort {
  #controller: AbortController | null = null;
  #aborted: { readonly reason: Error } | null = null;
  #listener: ((reason: Error) => void) | null = null;

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  /** The first reason counts. */
  abort(reason: Error): void {
    if (this.#aborted) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
    this.#listener?.(reason);
  }

  /** The work's result, or the reason if that comes first: a handler that ignores its signal still settles for the caller. */
  race<T>(work: Promise<T>): Promise<T> {
    this.throwIfAborted();
    return new Promise((resolve, reject) => {
      this.#listener = reject;
      work.then(resolve, reject);
    });
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#aborted.reason;
  }
}
