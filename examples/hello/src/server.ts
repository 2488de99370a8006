import { createServer } from 'node:http';
import { defineContract, durable } from '@trunkline/protocol/contract';
import { canonicalDialect, createHub, createJwtAuthenticator } from '@trunkline/server';
import { z } from 'zod';

const message = durable(z.looseObject({ text: z.string() }));
export const contract = defineContract({ rooms: { chat: { join: ['user'], events: { message } } } });
const hub = createHub({ contract, authenticator: createJwtAuthenticator({ secret: process.env.JWT_SECRET ?? '' }) });
await hub.start();
hub.attach(createServer().listen(Number(process.env.PORT ?? 8080), '127.0.0.1'), [canonicalDialect()]);
