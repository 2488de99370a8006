import { defineContract, durable, ephemeral } from '@trunkline/protocol/contract';
import { z } from 'zod';

const data = z.looseObject({ t: z.number(), text: z.string() });

/** What the load generator publishes and asks for. */
export const benchContract = defineContract({
  rooms: {
    bench: {
      join: ['user'],
      presence: false,
      events: { message: durable(data), move: ephemeral(data) },
    },
  },
  actions: {
    echo: { input: data, output: data },
  },
});
