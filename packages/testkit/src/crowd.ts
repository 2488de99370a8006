import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How a list was read to its end. */
export interface ReadList {
  readonly pages: number;
  /** Rows of the longest page. */
  readonly longest: number;
  readonly distinct: number;
}

/** Many quiet sockets, and a reader of lists, in a process of their own. */
export interface Crowd extends AsyncDisposable {
  /** One connection for each token; the rooms in turn. `url` is that of the canonical socket. */
  open(crowd: {
    readonly url: string;
    readonly tokens: readonly string[];
    readonly rooms: readonly string[];
  }): Promise<void>;
  /** Every page of `{ [name]: rows, next }`; `url` has a query already. */
  list(list: { readonly url: string; readonly token: string; readonly name: string }): Promise<ReadList>;
}

export function startCrowd(): Crowd {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../crowd.mjs', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout });
  async function ask(order: string, parts: object): Promise<unknown> {
    const answer = Promise.race([once(answers, 'line'), once(answers, 'close').then(() => null)]);
    child.stdin.write(`${JSON.stringify({ order, ...parts })}\n`);
    const line = await answer;
    if (line === null) throw new Error('The crowd ended; its reason is on standard error.');
    return JSON.parse(String(line[0]));
  }
  return {
    open: async (crowd) => void (await ask('open', crowd)),
    list: async (list) => (await ask('list', list)) as ReadList,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
