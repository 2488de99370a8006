import { defineContract, durable, ephemeral } from '@trunkline/protocol/contract';
import { z } from 'zod';

export const contract = defineContract({
  rooms: {
    chat: {
      join: ['user'],
      receipts: true,
      events: {
        message: durable(z.looseObject({ text: z.string().min(1).max(4_000) })),
        typing: ephemeral(z.looseObject({ isTyping: z.boolean() }), { echo: 'others' }),
      },
    },
  },
});

export type ChatContract = typeof contract;
