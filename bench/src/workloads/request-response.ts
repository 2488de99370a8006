import { gather } from '../load/crowd.js';
import type { LoadClient } from '../load/load-client.js';
import { messageData } from '../load/message-data.js';
import { inTime, observed } from '../load/observed.js';
import { SPEAKERS } from '../load/speaker.js';
import { loadWorkload } from './load-workload.js';
import { type Size, WITH_LEAST } from './workload.js';

const CLIENTS = 50;
const REQUESTS_EACH: Readonly<Record<Size, number>> = { smoke: 5, short: 400, full: 600 };
/** So many that every server runs compiled code when it is measured. */
const WARM_UP_EACH: Readonly<Record<Size, number>> = { smoke: 3, short: 1_500, full: 2_000 };

/** Fifty clients ask, each again when it is answered. Ours is authenticated, validated both ways and remembered; theirs are bare. */
export const requestResponse = loadWorkload({
  name: 'request-response',
  title: 'Request/response with validation',
  contenders: WITH_LEAST,
  metrics: {
    cpuMicros: { title: 'CPU per request', unit: 'µs', digits: 1 },
    requestsPerSecond: { title: 'requests/s', unit: '', digits: 0 },
  },
  goals: [{ metric: 'cpuMicros', against: 'socket.io', atMost: 0.8, aim: 0.65 }],
  async scenario(target, size) {
    const crowd = await gather(target, { members: CLIENTS, roomsOf: () => ['bench:all'] });
    const speaker = SPEAKERS[target.server];
    let id = 0;
    const ask = (client: LoadClient, times: number): Promise<void> =>
      new Promise((resolve) => {
        let left = times;
        const send = (): void => client.send(speaker.request(messageData(64), id++));
        client.onReply = () => {
          left--;
          if (left === 0) resolve();
          else send();
        };
        send();
      });
    const askAll = (times: number): Promise<unknown> => Promise.all(crowd.clients.map((client) => ask(client, times)));
    await inTime(askAll(WARM_UP_EACH[size]), crowd.meter);
    return {
      async round() {
        const sample = await observed(target, crowd.meter, CLIENTS * REQUESTS_EACH[size], () =>
          askAll(REQUESTS_EACH[size]),
        );
        return { ...sample, requestsPerSecond: (sample.operations ?? 0) / (sample.seconds ?? 1) };
      },
      close: async () => crowd.close(),
    };
  },
});
