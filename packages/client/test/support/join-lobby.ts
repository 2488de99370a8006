import { openClient } from './open-client.js';
import { POSITION, startScript } from './scripted-server.js';

/** A client that is in lobby:main, and the server that says so. */
export async function joinLobby() {
  const script = await startScript();
  const client = openClient({ url: script.url });
  const room = client.room('lobby', 'main');
  const joined = room.join();
  const peer = await script.connection();
  await peer.welcome();
  peer.joined('lobby:main', POSITION);
  await joined;
  return {
    ...{ client, room, peer },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await script[Symbol.asyncDispose]();
    },
  };
}
