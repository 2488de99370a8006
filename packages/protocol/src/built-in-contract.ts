import { z } from 'zod';
import { type ContractInput, defineContract, durable, ephemeral } from './define-contract.js';

const anyData = z.looseObject({});
const typing = z.looseObject({ isTyping: z.boolean().optional() });
const service = ['role:service'] as const;

/** The contract that the server ships with: the rooms and events of the five wire formats (DESIGN, "The built-in contract"). */
export const builtInContract = defineContract({
  rooms: {
    booking: {
      join: ['relation:owner', 'relation:technician'],
      whenDegraded: 'provisional',
      events: {
        status_update: durable(z.looseObject({ bookingId: z.string(), status: z.string() }), { publish: service }),
        location_update: ephemeral(
          z.looseObject({
            bookingId: z.string(),
            location: z.looseObject({ latitude: z.number(), longitude: z.number() }),
          }),
          { publish: ['relation:technician', ...service], conflateBy: 'bookingId', retain: 'last' },
        ),
      },
    },
    support: {
      join: ['relation:creator', 'relation:agent'],
      receipts: true,
      whenDegraded: 'provisional',
      events: {
        message: durable(
          z.looseObject({
            ticketId: z.string(),
            senderId: z.string(),
            message: z.looseObject({ id: z.string(), message: z.string(), createdAt: z.string() }),
          }),
          { publish: ['relation:creator', 'relation:agent', ...service], sender: 'senderId' },
        ),
        typing: ephemeral(typing, { echo: 'others' }),
      },
    },
    user: {
      join: ['self'],
      autoJoin: 'self',
      whenDegraded: 'provisional',
      events: {
        notification: durable(anyData, { publish: service }),
        user_profile_update: durable(anyData, { publish: service }),
        group_membership_change: durable(anyData, { publish: service }),
        status_update: durable(z.looseObject({ bookingId: z.string(), status: z.string() }), { publish: service }),
      },
    },
    conversation: {
      join: ['relation:participant'],
      receipts: true,
      events: {
        chat: durable(
          z.looseObject({
            content: z.string(),
            is_encrypted: z.boolean().optional(),
            message_type: z.string().optional(),
            metadata: z.looseObject({}).optional(),
          }),
          { publish: ['relation:participant'] },
        ),
        typing: ephemeral(typing, { publish: ['relation:participant'], echo: 'others' }),
        read: ephemeral(z.looseObject({ message_id: z.string() }), {
          publish: ['relation:participant'],
          echo: 'others',
        }),
      },
    },
    group: {
      join: ['relation:member'],
      autoJoin: 'relation:member',
      receipts: true,
      events: {
        message: durable(anyData, { publish: ['relation:member'] }),
        custom_event: durable(anyData, { publish: ['relation:member'] }),
        typing: ephemeral(typing, { publish: ['relation:member'], echo: 'others' }),
      },
    },
    thread: {
      join: ['relation:member'],
      receipts: true,
      events: {
        message: durable(anyData, { publish: ['relation:member'] }),
        custom_event: durable(anyData, { publish: ['relation:member'] }),
        typing: ephemeral(typing, { publish: ['relation:member'], echo: 'others' }),
      },
    },
    company: {
      join: ['claim:company_id'],
      events: {
        update: durable(z.looseObject({ action: z.string(), requestId: z.string().optional(), data: z.unknown() }), {
          publish: service,
        }),
      },
    },
    artifact: {
      join: ['claim:company_id'],
      events: {
        update: durable(z.looseObject({ action: z.string(), requestId: z.string().optional(), data: z.unknown() }), {
          publish: service,
        }),
      },
    },
    shipvox: {
      join: ['user'],
      whenDegraded: 'provisional',
      events: {
        message: durable(
          z.looseObject({
            type: z.string(),
            payload: z.unknown(),
            requestId: z.string().optional(),
            user: z.unknown().optional(),
          }),
          { publish: ['user'], sender: 'user' },
        ),
      },
    },
    lobby: {
      join: ['user'],
      receipts: true,
      events: {
        message: durable(z.looseObject({ text: z.string() }), { publish: ['user'] }),
        custom_event: durable(anyData, { publish: ['user'] }),
        typing: ephemeral(typing, { publish: ['user'], echo: 'others' }),
      },
    },
  },
  actions: {
    echo: { input: anyData, output: anyData },
  },
  calls: {
    client_tool_call: { input: anyData, output: z.unknown() },
  },
} satisfies ContractInput);

export type BuiltInContract = typeof builtInContract;
