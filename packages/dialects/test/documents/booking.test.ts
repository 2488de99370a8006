import { eventually, readCodeBlocks } from '@trunkline/testkit';
import { launchChromium } from '@trunkline/testkit/browser';
import { expect, test } from 'vitest';
import { bookingDialect, bookingService } from '../../src/booking/index.js';
import { clientMessages, serverMessageSchema } from '../../src/booking/schema.js';
import { captureFrames } from '../support/capture-frames.js';
import { connect, next, say } from '../support/clients.js';
import { documentedWebSocket } from '../support/documented-web-socket.js';
import { expectCaptured } from '../support/fixture.js';
import { bundleSnippet, fillIn, runSnippet } from '../support/run-snippet.js';
import { serveSite } from '../support/serve-site.js';
import { shapeOf } from '../support/shape-of.js';
import { startHub } from '../support/start-hub.js';

const document = await readCodeBlocks(new URL('../snippets/booking.md', import.meta.url));
/** The booking that the document's client joins. */
const BOOKING = '123e4567-e89b-12d3-a456-426614174000';
const place = { latitude: 24.7136, longitude: 46.6753 };
const support = { id: 'message-uuid', message: 'Hello, how can I help?', createdAt: '2024-10-02T19:00:00.000Z' };

async function start() {
  const served = await startHub([bookingDialect()]);
  await served.relate(
    `booking:${BOOKING} owner alice`,
    'support:ticket-id creator alice',
    'support:ticket-id agent ann',
  );
  return served;
}
const documented = (section: string, values: Readonly<Record<string, string>> = {}) =>
  JSON.parse(fillIn(document.under(section), values));

test('every message that the document shows is understood, and is what is said', async () => {
  await using served = await start();
  await using alice = await connect(served, '/ws', await served.token('alice'));
  await using ann = await connect(served, '/ws', await served.token('ann'));
  const heard = async (client: typeof alice, section: string) => {
    const example = documented(`Server → Client > ${section}`);
    serverMessageSchema.parse(example);
    expect(shapeOf(await next(client, example.type))).toEqual(shapeOf(example));
  };
  await heard(alice, 'Connection Confirmation');
  say(alice, clientMessages.join.parse(documented('Join Room', { BOOKING_ID: BOOKING })));
  await heard(alice, 'Room Joined');
  for (const client of [alice, ann]) say(client, { type: 'join', room: 'support:ticket-id' });
  for (const client of [alice, ann]) await next(client, 'joined_room');
  const { broadcastBookingStatus, broadcastSupportMessage, broadcastTechnicianLocation } = bookingService(served.hub);
  await broadcastBookingStatus(BOOKING, 'alice', 'en_route');
  await heard(alice, 'Booking Status Update');
  await broadcastSupportMessage('ticket-id', 'ann', support);
  await heard(alice, 'Support Message');
  await broadcastTechnicianLocation(BOOKING, place);
  await heard(alice, 'Technician Location Update');
  say(alice, clientMessages.typing.parse(documented('Client → Server > Typing Indicator', { TICKET_ID: 'ticket-id' })));
  await heard(ann, 'Typing Indicator');
  say(alice, clientMessages.leave.parse(documented('Leave Room', { BOOKING_ID: BOOKING })));
  expect(await next(alice, 'left_room')).toMatchObject({ room: `booking:${BOOKING}` });
});

test('the address with a token connects', async () => {
  await using served = await start();
  const address = fillIn(document.under('Connection > Authentication', 0), {
    YOUR_JWT_TOKEN: await served.token('alice'),
  });
  const WebSocket = documentedWebSocket(served.port);
  const socket = new WebSocket(address);
  const [message] = await new Promise<unknown[]>((resolve) => socket.once('message', (...got) => resolve(got)));
  expect(JSON.parse(String(message))).toMatchObject({ type: 'connected', userId: 'alice' });
  socket.terminate();
});

const LINES = ['WebSocket connected', 'Booking status updated:', 'New support message:', 'Technician location:'];

test('the frontend’s code runs as it stands on the ws package', async () => {
  await using served = await start();
  const token = await served.token('alice');
  await using running = await runSnippet(document.under('JavaScript/TypeScript (Frontend)'), {
    globals: {
      WebSocket: documentedWebSocket(served.port),
      localStorage: { getItem: (key: string) => (key === 'access_token' ? token : null) },
    },
    exports: ['ws', 'sendTypingIndicator'],
  });
  const { log } = running;
  const { ws, sendTypingIndicator } = running.exports as {
    ws: WebSocket;
    sendTypingIndicator(isTyping: boolean): void;
  };
  await eventually(() => log.some(([line]) => line === LINES[0]));
  // The code joins its booking alone; who runs it joins the ticket too.
  ws.send('{"type":"join","room":"support:ticket-id"}');
  await using ann = await connect(served, '/ws', await served.token('ann'));
  say(ann, { type: 'join', room: 'support:ticket-id' });
  await next(ann, 'joined_room');
  sendTypingIndicator(true);
  expect(await next(ann, 'typing')).toEqual({ type: 'typing', userId: 'alice', isTyping: true });
  const service = bookingService(served.hub);
  await service.broadcastBookingStatus(BOOKING, 'nobody', 'en_route');
  await service.broadcastSupportMessage('ticket-id', 'ann', support);
  await service.broadcastTechnicianLocation(BOOKING, place);
  await eventually(() => log.length === 4);
  expect(log).toEqual([[LINES[0]], [LINES[1], 'en_route'], [LINES[2], support], [LINES[3], place]]);
  ws.close();
  await eventually(() => log.at(-1)?.[0] === 'WebSocket disconnected');
});

test('the frontend’s code and its React hook run as they stand in Chromium, at ws://localhost:5000', async () => {
  await using served = await start();
  await using site = await serveSite('<div id="root"></div>');
  const browser = await launchChromium({ hosts: { 'localhost:5000': served.port } });
  try {
    const page = await browser.newPage();
    const frames = captureFrames(page);
    const lines: string[] = [];
    page.on('console', (message) => lines.push(message.text()));
    await page.goto(site.origin);
    await page.evaluate(`localStorage.setItem('access_token', '${await served.token('alice')}')`);
    await page.addScriptTag({
      content: await bundleSnippet(document.under('JavaScript/TypeScript (Frontend)'), ['ws']),
    });
    await eventually(() => lines.includes(LINES[0] ?? ''), { timeoutMs: 15_000 });

    await eventually(() => frames.heard('joined_room'));
    const service = bookingService(served.hub);
    await service.broadcastBookingStatus(BOOKING, 'nobody', 'en_route');
    frames.steps.push({
      service: { room: `booking:${BOOKING}`, event: 'status_update', data: { bookingId: BOOKING, status: 'en_route' } },
    });
    await eventually(() => frames.heard('status_update'));
    await expectCaptured('booking', 'frontend.json', {
      title: 'the document’s frontend follows a booking',
      origin:
        'Captured: the frames of the document’s JavaScript/TypeScript (Frontend) code, run as it stands in Chromium.',
      relations: [`booking:${BOOKING} owner alice`],
      steps: frames.steps,
    });

    // A component of the reader's, around the hook that the document exports.
    const component = `
      import { createRoot } from 'react-dom/client';
      const Status = () => { const { status, messages } = useWebSocket('${BOOKING}'); return <p>{status} {messages.length}</p>; };
      createRoot(document.getElementById('root')!).render(<Status />);`;
    const hook = `${document.under('React Hook Example')}\n${component}`;
    await page.addScriptTag({ content: await bundleSnippet(hook) });
    await eventually(
      async () => {
        await service.broadcastBookingStatus(BOOKING, 'nobody', 'en_route');
        return (await page.textContent('#root')) === 'en_route 0';
      },
      { timeoutMs: 15_000 },
    );
    await eventually(() => lines.includes('Booking status updated: en_route'));
  } finally {
    await browser.close();
  }
});

test('the backend’s code runs as it stands over bookingService', async () => {
  await using served = await start();
  await using alice = await connect(served, '/ws', await served.token('alice'));
  for (const room of [`booking:${BOOKING}`, 'support:ticket-id']) {
    say(alice, { type: 'join', room });
    await next(alice, 'joined_room');
  }
  await using _ = await runSnippet(document.under('Broadcasting from API Routes'), {
    files: { 'services/websocket.ts': 'export const { websocketService } = globalThis;' },
    globals: {
      websocketService: bookingService(served.hub),
      bookingId: BOOKING,
      userId: 'alice',
      ticketId: 'ticket-id',
      senderId: 'ann',
      messageData: support,
    },
  });
  expect(await next(alice, 'status_update')).toMatchObject({ bookingId: BOOKING, status: 'en_route' });
  expect(await next(alice, 'message')).toMatchObject({ ticketId: 'ticket-id', senderId: 'ann', message: support });
  expect(await next(alice, 'location_update')).toMatchObject({ bookingId: BOOKING, location: place });
});
