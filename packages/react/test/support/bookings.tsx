import { type QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { StartedServer } from './start-server.js';

export interface Booking {
  readonly status: string;
  readonly changes: number;
}

/** A table of bookings that a query reads, as slowly as the test wants. */
export function createTable() {
  let answer = Promise.resolve();
  const table = {
    reads: 0,
    booking: { status: 'new', changes: 0 } as Booking,
    hold() {
      let release = () => {};
      answer = new Promise((resolve) => (release = resolve));
      return release;
    },
    async read(): Promise<Booking> {
      table.reads++;
      const { booking } = table;
      await answer;
      return booking;
    },
  };
  return table;
}

export async function change(server: StartedServer, status: string): Promise<void> {
  await server.hub.publish({ rooms: ['booking:7'], event: 'status_update', data: { bookingId: '7', status } });
}

export function inQueries(queries: QueryClient, children: ReactNode): ReactNode {
  return <QueryClientProvider client={queries}>{children}</QueryClientProvider>;
}
