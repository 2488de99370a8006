/**
 * A session as a fixture: record a client with its real server once, keep the JSON, and run the client against it in tests of
 * pages and components, without a server.
 *
 *     const recorder = recordSession(WebSocket);
 *     const client = createClient({ url, token, WebSocket: recorder.WebSocket });
 *     // … what the test will do …
 *     await writeFile('checkout.json', JSON.stringify(recorder.recording()));
 *
 *     const replay = replaySession(checkout);
 *     const client = createClient({ url: 'ws://replay', WebSocket: replay.WebSocket });
 */
export { type Recorder, recordSession } from './record-session.js';
export type { FrameLike, RecordedConnection, RecordedFrame, Recording } from './recording.js';
export { type Replay, replaySession } from './replay-session.js';
