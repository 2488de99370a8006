import type { Page } from 'playwright-core';
import type { Step } from './fixture.js';

/** The frames of every WebSocket that a page opens from now on, as they came over the wire. */
export function captureFrames(page: Page): { readonly steps: Step[]; heard(type: string): boolean } {
  const steps: Step[] = [];
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => steps.push({ client: JSON.parse(String(payload)) }));
    socket.on('framereceived', ({ payload }) => steps.push({ server: JSON.parse(String(payload)) }));
  });
  return { steps, heard: (type) => steps.some((step) => 'server' in step && step.server.type === type) };
}
