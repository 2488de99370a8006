import { defineContract, durable, ephemeral } from '@trunkline/protocol/contract';
import { z } from 'zod';

/** Orders of a shop: staff and the customer watch one; the shop's own code publishes. */
export const contract = defineContract({
  rooms: {
    order: {
      join: ['relation:customer', 'role:staff'],
      events: {
        status: durable(z.looseObject({ status: z.enum(['packed', 'sent', 'delivered']) }), {
          publish: ['role:service'],
        }),
        note: durable(z.looseObject({ text: z.string() })),
        typing: ephemeral(z.looseObject({ isTyping: z.boolean() }), { echo: 'others' }),
      },
    },
  },
  actions: {
    quote: {
      input: z.looseObject({ items: z.array(z.string()) }),
      output: z.looseObject({ total: z.number() }),
      progress: z.looseObject({ priced: z.string() }),
    },
  },
});

export type ShopContract = typeof contract;
