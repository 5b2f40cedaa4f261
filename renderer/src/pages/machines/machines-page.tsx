import { useCallback, useMemo, useState } from 'react';
import type { MachineView } from '../../../../shared/api.ts';
import { useNetwork } from '../../network.tsx';
import { StatusBadge } from '../../parts/badges.tsx';
import { Choice } from '../../parts/choice.tsx';
import { count, plural } from '../../parts/format.ts';
import { useSettled } from '../../parts/hooks.ts';
import { Notice, Skeleton } from '../../parts/notice.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { Text } from '../../parts/text.tsx';
import { typeColour } from '../../parts/type-colour.ts';
import { type Column, VirtualTable } from '../../parts/virtual-table.tsx';
import { machineHref } from '../../router.ts';
import {
  choicesOf,
  grouped,
  type MachineRow,
  type MachinesFilter,
  matches,
  type Sort,
  type SortKey,
  sorted,
  ungrouped,
} from './machine-rows.ts';

const ALL: MachinesFilter = { text: '', type: '', node: '', state: '' };
const TITLES: readonly (readonly [SortKey, string])[] = [
  ['id', 'Machine'],
  ['type', 'Type'],
  ['node', 'Node'],
  ['state', 'State'],
  ['status', 'Status'],
  ['version', 'Version'],
];

/** All machines of all nodes. */
export function MachinesPage() {
  const { machines: map } = useNetwork();
  const [filter, setFilter] = useState(ALL);
  const [sort, setSort] = useState<Sort>({ key: 'id', descending: false });
  const [isGrouped, setGrouped] = useState(false);
  const change = (part: Partial<MachinesFilter>) => setFilter((was) => ({ ...was, ...part }));
  const settled = useSettled(filter, 80);

  const machines = useMemo(() => (map ? [...map.values()] : []), [map]);
  const choices = useMemo(() => choicesOf(machines), [machines]);
  const rows = useMemo(() => {
    const found = sorted(
      machines.filter((machine) => matches(machine, settled)),
      sort,
    );
    return isGrouped ? grouped(found) : ungrouped(found);
  }, [machines, settled, sort, isGrouped]);
  const columns = useMemo(() => columnsFor(sort, setSort), [sort]);
  const open = useCallback((row: MachineRow) => {
    if (row.kind === 'machine') location.hash = machineHref(row.machine.address);
  }, []);
  const shown = rows.filter(({ kind }) => kind === 'machine').length;

  return (
    <div className="page filled">
      <div className="page-head">
        <h1>Machines</h1>
        {map && (
          <span className="muted" role="status">
            {shown === machines.length
              ? plural(shown, 'machine')
              : `${count(shown)} of ${plural(machines.length, 'machine')}`}
          </span>
        )}
      </div>
      <div className="toolbar">
        <SearchField label="Filter machines" value={filter.text} onChange={(text) => change({ text })} />
        <Choice
          label="Type"
          all="All types"
          value={filter.type}
          options={choices.types.map((type) => [type, type])}
          onChange={(type) => change({ type })}
        />
        <Choice
          label="Node"
          all="All nodes"
          value={filter.node}
          options={choices.nodes}
          onChange={(node) => change({ node })}
        />
        <Choice
          label="State"
          all="All states"
          value={filter.state}
          options={choices.states.map((state) => [state, state])}
          onChange={(state) => change({ state })}
        />
        <button type="button" className="button" aria-pressed={isGrouped} onClick={() => setGrouped(!isGrouped)}>
          Group by type
        </button>
      </div>
      {!map ? (
        <div className="card">
          <Skeleton rows={10} />
        </div>
      ) : rows.length > 0 ? (
        <VirtualTable
          label="Machines"
          className="machines-table"
          rows={rows}
          keyOf={keyOf}
          columns={columns}
          classOf={classOf}
          headlineOf={headlineOf}
          onOpen={open}
        />
      ) : (
        <div className="card">
          {machines.length === 0 ? (
            <Notice icon="machines" title="No machines yet">
              A program registers them with <code>node.register(type, machine)</code>, or a node hosts those that
              InterMachine ships: <code>npm start -- --machine press</code>. They appear here by themselves.
            </Notice>
          ) : (
            <Notice icon="search" title="No machine matches">
              <button type="button" className="button" onClick={() => setFilter(ALL)}>
                Show all {count(machines.length)}
              </button>
            </Notice>
          )}
        </div>
      )}
    </div>
  );
}

const keyOf = (row: MachineRow): string => (row.kind === 'machine' ? row.machine.address : `type ${row.type}`);
const classOf = (row: MachineRow): string =>
  row.kind === 'machine' && !(row.machine.reachable && row.machine.running) ? 'unreachable' : '';

const headlineOf = (row: MachineRow) =>
  row.kind === 'type' ? (
    <span className="named">
      <span className="type-dot" style={{ background: typeColour(row.type) }} />
      <Text length={60}>{row.type}</Text>
      <span className="muted">
        {plural(row.count, 'machine')} on {plural(row.nodes, 'node')}
      </span>
    </span>
  ) : undefined;

function columnsFor(sort: Sort, setSort: (sort: Sort) => void): readonly Column<MachineRow>[] {
  return TITLES.map(([key, title]) => ({
    key,
    title,
    sorted: sort.key === key ? (sort.descending ? 'descending' : 'ascending') : undefined,
    onSort: () => setSort({ key, descending: sort.key === key && !sort.descending }),
    cell: (row) => (row.kind === 'machine' ? cellOf(key, row.machine) : null),
  }));
}

function cellOf(key: SortKey, machine: MachineView) {
  switch (key) {
    case 'id':
      return (
        <a href={machineHref(machine.address)} tabIndex={-1} onClick={(event) => event.stopPropagation()}>
          <Text length={80}>{machine.id}</Text>
        </a>
      );
    case 'type':
      return (
        <span className="named">
          <span className="type-dot" style={{ background: typeColour(machine.type) }} />
          <Text length={60}>{machine.type}</Text>
        </span>
      );
    case 'node':
      return <Text length={60}>{machine.nodeName}</Text>;
    case 'state':
      return machine.state === undefined ? (
        <span className="muted">not told</span>
      ) : (
        <Text className="state-text" length={120} empty="–">
          {machine.state}
        </Text>
      );
    case 'status':
      if (!machine.reachable) return <span className="badge idle">away</span>;
      if (!machine.running) return <span className="badge idle">not running</span>;
      return machine.status ? <StatusBadge status={machine.status} /> : <span className="muted">–</span>;
    case 'version':
      return (
        <Text className="muted" length={30} empty="–">
          {machine.version}
        </Text>
      );
  }
}
