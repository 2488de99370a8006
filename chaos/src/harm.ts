/** Given to `node --import` of a server: does harm to its own process, by orders on its standard input. */
import { createInterface } from 'node:readline';

const RealDate = Date;
let offsetMs = 0;
const now = () => RealDate.now() + offsetMs;

// Whatever asks for the time of day gets the wrong one; timers and `performance.now()` go on, as with a clock that was set.
globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
});

function obey(order: string): void {
  const [verb, text] = order.split(' ');
  const ms = Number(text);
  if (verb === 'clock') offsetMs = ms;
  else if (verb === 'stall') for (const end = performance.now() + ms; performance.now() < end; );
}

createInterface({ input: process.stdin }).on('line', obey);
// A pipe that nobody writes to must not keep a server that wants to end.
if ('unref' in process.stdin) process.stdin.unref();
