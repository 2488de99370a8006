import { expect, it } from 'vitest';
import { createFrameLog } from '../src/frames/frame-log.js';

it('shows each frame of a batch, and no token', () => {
  const log = createFrameLog();
  log.add('note', 'connecting');
  log.add('sent', '{"type":"hello","token":"secret"}');
  log.add('received', '[{"type":"ack","id":"1"},{"type":"event","id":"2"},7]');
  log.add('received', 'nonsense');
  const shown = log.frames.get();
  expect(shown.map(({ type }) => type)).toEqual(['connecting', 'hello', 'ack', 'event', '?', 'not JSON']);
  expect(new Set(shown.map(({ key }) => key)).size).toBe(shown.length);
  expect(JSON.stringify(shown)).not.toContain('secret');
});
