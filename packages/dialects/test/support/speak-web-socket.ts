import type { IncomingHttpHeaders } from 'node:http';
import type { SpeakerConnection } from '@trunkline/server/testing';
import { type ClientOptions, WebSocket } from 'ws';
import type { z } from 'zod';
import { createDocumentedQueue } from './documented-queue.js';

export interface SpeakOptions extends ClientOptions {
  /** What the server may say: anything else fails the test. */
  readonly messages: z.ZodType;
  readonly protocols?: readonly string[];
}

/** A client of a format over one WebSocket, for tests. Rejects with the HTTP status of a refused upgrade. */
export function speakWebSocket(
  url: string,
  { messages, protocols = [], ...options }: SpeakOptions,
): Promise<WebSocketSpeaker> {
  const socket = new WebSocket(url, [...protocols], options);
  const queue = createDocumentedQueue(messages);
  const ended = new Promise<string>((resolve) => {
    socket.once('close', (code) => {
      queue.end(`closed ${code}`);
      resolve(String(code));
    });
  });
  socket.on('message', (data) => queue.push(JSON.parse(String(data))));
  const speaker: WebSocketSpeaker = {
    socket,
    seen: queue.seen,
    take: (matches, what) => queue.take(matches, what),
    send: (text) => socket.send(text),
    ended,
    async [Symbol.asyncDispose]() {
      if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
      else socket.close(1000);
      await ended;
      queue.check();
    },
  };
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(speaker));
    socket.once('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { headers, statusCode = 0 } = response;
        reject(new RefusedUpgrade(statusCode, Buffer.concat(chunks).toString(), headers));
      });
    });
    socket.on('error', (error) => reject(error));
  });
}

export interface WebSocketSpeaker extends SpeakerConnection {
  readonly socket: WebSocket;
}

/** An upgrade that was answered in HTTP. */
export class RefusedUpgrade extends Error {
  override readonly name = 'RefusedUpgrade';
  constructor(
    readonly status: number,
    readonly body: string,
    readonly headers: IncomingHttpHeaders,
  ) {
    super(String(status));
  }
}

/** Waits until a connection is ready; one that is closed instead rejects with its close code. */
export async function untilReady(connection: WebSocketSpeaker, ready: Promise<unknown>): Promise<WebSocketSpeaker> {
  try {
    await ready;
    return connection;
  } catch (error) {
    throw connection.socket.readyState >= WebSocket.CLOSING ? new Error(await connection.ended) : error;
  }
}
