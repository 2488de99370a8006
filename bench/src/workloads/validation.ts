import { decodeClientFrame } from '@trunkline/protocol';
import { messageData } from '../load/message-data.js';
import { SPEAKERS } from '../load/speaker.js';
import { benchContract } from '../servers/bench-contract.js';
import type { Size, Workload } from './workload.js';

const FRAMES: Readonly<Record<Size, number>> = { smoke: 5_000, short: 300_000, full: 1_000_000 };

/** What it costs to know that a frame is one of the protocol's and its data is the contract's, beyond parsing its JSON. */
export const validation: Workload = {
  name: 'validation',
  title: 'Validation above JSON.parse',
  metrics: {
    aboveParseMicros: { title: 'per message, above JSON.parse', unit: 'µs', digits: 2 },
    parseMicros: { title: 'JSON.parse alone', unit: 'µs', digits: 2 },
  },
  goals: [{ metric: 'aboveParseMicros', atMost: 0.3, aim: 0.1 }],
  contenders: ['trunkline'],
  async open(_contender, size) {
    const texts = Array.from({ length: 64 }, (_, index) =>
      SPEAKERS.trunkline.publish('bench:all', messageData(64), `id${index}`),
    );
    const { data } = benchContract.rooms.bench.events.message;
    let accepted = 0;
    const parse = (text: string): void => {
      if (JSON.parse(text).type === 'publish') accepted += 1;
    };
    const validate = (text: string): void => {
      const decoded = decodeClientFrame(text);
      if (decoded.ok && decoded.frame.type === 'publish' && data.safeParse(decoded.frame.data).success) accepted += 1;
    };
    const time = (work: (text: string) => void): number => {
      const before = process.cpuUsage();
      for (let index = 0; index < FRAMES[size]; index++) work(texts[index % texts.length] ?? '');
      const { user, system } = process.cpuUsage(before);
      return (user + system) / FRAMES[size];
    };
    time(parse);
    time(validate);
    return {
      async round() {
        accepted = 0;
        const parseMicros = time(parse);
        const aboveParseMicros = time(validate) - parseMicros;
        if (accepted !== 2 * FRAMES[size]) throw new Error('A valid frame was refused.');
        return { aboveParseMicros, parseMicros };
      },
      close: async () => undefined,
    };
  },
};
