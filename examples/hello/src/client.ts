import { createClient } from '@trunkline/client';
import WebSocket from 'ws';
import type { contract } from './server.js';

const { HUB = 'ws://127.0.0.1:8080/v1/connect', TOKEN = '' } = process.env;
const room = createClient<typeof contract>({ url: HUB, token: TOKEN, WebSocket }).room('chat', 'main');
room.on('message', ({ from, data }) => console.log('userId' in from ? from.userId : from.service, 'says', data.text));
await room.join();
await room.publish('message', { text: 'hello' });
