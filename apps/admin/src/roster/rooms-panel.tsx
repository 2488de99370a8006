import { Anchor, Table } from '@mantine/core';
import { getRooms } from '../api.js';
import { count } from '../format.js';
import { PagesFrame } from './pages-frame.js';
import { usePages } from './use-pages.js';

export function RoomsPanel({ onRoom }: { readonly onRoom: (room: string) => void }) {
  const pages = usePages(getRooms);
  return (
    <PagesFrame nothing="No room has a member." pages={pages} searchLabel="Room">
      <Table aria-label="Rooms" highlightOnHover verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Room</Table.Th>
            <Table.Th ta="right">Connections</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {pages.items.map(({ room, connections }) => (
            <Table.Tr key={room}>
              <Table.Td>
                <Anchor component="button" onClick={() => onRoom(room)} size="sm">
                  {room}
                </Anchor>
              </Table.Td>
              <Table.Td ta="right">{count(connections)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </PagesFrame>
  );
}
