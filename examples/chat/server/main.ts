import { startChat } from './start-chat.js';

const { port } = await startChat(Number(process.env.PORT ?? 8080));
console.log(`Chat server on http://127.0.0.1:${port}. The page: npm run dev`);
