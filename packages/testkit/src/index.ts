/**
 * What the tests of this repository are made with; private, and never part of a release.
 *
 * - `connectRaw`: a `trunkline.v1` client that queues every frame; `createFrameQueue` for other formats
 * - `RawSocket`, `handshake`, `clientFrame`: the bytes of a WebSocket, good or bad
 * - `startFaultProxy`: TCP that is cut, reset, delayed, black-holed or refused on command
 * - `startRedis`, `startSentinelTopology`: real servers with kill, restart, pause
 * - `spawnServer`: the deployable in a process of its own; `runProgram`: any other program
 * - `readCodeBlocks`: what a Markdown document shows; `compileErrors`: what the compiler says to a program
 * - `startCrowd`: thousands of quiet sockets from a process of their own
 * - `createManualClock`, `createRandom`, `eventually`, `watchLeaks`, `freePort`
 */
export { type CodeBlock, type CodeBlocks, readCodeBlocks } from './code-blocks.js';
export { compileErrors, namesWanted } from './compile-errors.js';
export { type Crowd, type ReadList, startCrowd } from './crowd.js';
export { type EventuallyOptions, eventually } from './eventually.js';
export { type FaultProxy, type FaultProxyOptions, type ProxyCounts, startFaultProxy } from './fault-proxy.js';
export { createFrameQueue, type FrameQueue } from './frame-queue.js';
export { freePort } from './free-port.js';
export { watchLeaks } from './leak-check.js';
export { createManualClock, type ManualClock } from './manual-clock.js';
export type { Direction } from './proxied-pair.js';
export { createRandom, type Random } from './random.js';
export { connectRaw, type FrameOf, type RawClient, type RawClientOptions, UpgradeRefused } from './raw-client.js';
export {
  type ClientFrameOptions,
  clientFrame,
  type HandshakeOptions,
  handshake,
  type RawFrame,
  RawSocket,
} from './raw-socket.js';
export { type RedisCommandOptions, type RedisReply, redisCommand } from './redis-command.js';
export { type RedisOptions, type RedisServer, startRedis } from './redis-server.js';
export { runProgram, type SpawnedProgram } from './run-program.js';
export { type SentinelOptions, type SentinelTopology, startSentinelTopology } from './sentinel-topology.js';
export { type SpawnedServer, type SpawnServerOptions, spawnServer } from './spawn-server.js';
export { createTokenSigner, type TokenSigner } from './token-signer.js';
