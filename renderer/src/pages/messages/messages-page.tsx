import { useEffect, useMemo, useState } from 'react';
import type { MessageView } from '../../../../shared/api.ts';
import { useNetwork } from '../../network.tsx';
import { useCall, useClient } from '../../node-link.tsx';
import { OutcomeBadge } from '../../parts/badges.tsx';
import { Choice } from '../../parts/choice.tsx';
import { count, plural, timeOfDay } from '../../parts/format.ts';
import { useSettled } from '../../parts/hooks.ts';
import { Icon } from '../../parts/icon.tsx';
import { Notice, Skeleton } from '../../parts/notice.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { plain, Text } from '../../parts/text.tsx';
import { type Column, VirtualTable } from '../../parts/virtual-table.tsx';
import { messagesHref, replaceHash } from '../../router.ts';
import { End, NodeNames, useNodeNames } from './end.tsx';
import { ExportPanel } from './export-panel.tsx';
import { MessageDrawer } from './message-drawer.tsx';
import { asCallFilter, type Filters, filtersOf } from './message-filter.ts';
import { keyOf } from './message-list.ts';
import { useMessages } from './use-messages.ts';

/** Milliseconds of rest before the log is asked: typing a word is one question. */
const SETTLE_MS = 150;
/** What a jump looks through: the newest rows, so many at a time. */
const JUMP_PAGE = 1_000;
const JUMP_PAGES = 5;
const SEARCH_STATE_MS = 2_000;
const NOTHING = {};

/** What came, went and stayed: the newest on top, live, down to the first row of the log. */
export function MessagesPage({ query }: { readonly query: URLSearchParams }) {
  const { node, peers, machines } = useNetwork();
  const client = useClient();
  const names = useNodeNames();
  const filters = filtersOf(query);
  const settled = useSettled(JSON.stringify(filters), SETTLE_MS);
  const [paused, setPaused] = useState(false);
  const [atTop, setAtTop] = useState(true);
  const [isExporting, setExporting] = useState(false);
  const [selected, setSelected] = useState<MessageView>();
  const messages = useMessages(JSON.parse(settled), paused || !atTop);
  const { rows, held, skipped, complete } = messages.list;
  const behind = useSearchBehind(filters.text !== '');

  const change = (part: Partial<Filters>) => replaceHash(messagesHref(withoutEmpty({ ...filters, ...part })));
  const isFiltered = Object.values(filters).some((value) => value !== '');
  const machineIds = useMachineIds(machines);
  const nodes = [...(node ? [node] : []), ...(peers ?? [])];

  const shown = useMemo(
    () => selected && (rows.find((row) => keyOf(row) === keyOf(selected)) ?? selected),
    [rows, selected],
  );
  const followers = useMemo(
    () =>
      shown ? rows.filter((row) => row.causationId === shown.id || row.correlationId === shown.id).slice(0, 20) : [],
    [rows, shown],
  );
  const jump = async (id: string): Promise<boolean> => {
    const found = rows.find((row) => row.id === id) ?? held.find((row) => row.id === id);
    const message = found ?? (client && (await search(client, id)));
    if (message) setSelected(message);
    return message !== undefined;
  };
  const toTop = () => {
    setPaused(false);
    messages.release();
    document.querySelector('.messages-table')?.scrollTo({ top: 0 });
  };
  const close = () => {
    setSelected(undefined);
    document.querySelector<HTMLElement>('.messages-table')?.focus();
  };

  return (
    <NodeNames value={names}>
      <div className="page filled">
        <div className="page-head">
          <h1>Messages</h1>
          <span className="muted live-state">
            {paused ? 'paused' : atTop ? 'live' : 'holding what is new'}
            {skipped > 0 && ` · ${count(skipped)} too fast to show`}
            {behind > 0 && ` · ${plural(behind, 'row')} not indexed yet, so that this search takes longer`}
          </span>
          {skipped > 0 && (
            <button type="button" className="link-button" onClick={messages.reload}>
              read them from the log
            </button>
          )}
        </div>
        {messages.error && rows.length > 0 && (
          <p className="log-error" role="alert">
            Older messages could not be read: {plain(messages.error.message, 300)}{' '}
            <button type="button" className="link-button" onClick={messages.reload}>
              Try again
            </button>
          </p>
        )}
        <div className="toolbar">
          <SearchField label="Search in events" value={filters.text} onChange={(text) => change({ text })} />
          <Choice
            label="Event type"
            all="All event types"
            value={filters.type}
            options={messages.types.map((type) => [type, type])}
            onChange={(type) => change({ type })}
          />
          <Choice
            label="Machine"
            all="All machines"
            value={filters.machine}
            options={machineIds}
            onChange={(machine) => change({ machine })}
          />
          <Choice
            label="Node"
            all="All nodes"
            value={filters.node}
            options={nodes.map(({ id, name }) => [id, name])}
            onChange={(id) => change({ node: id })}
          />
          <button type="button" className="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
            <Icon name={paused ? 'play' : 'pause'} size={14} />
            {paused ? 'Resume' : 'Pause'}
          </button>
          <button
            type="button"
            className="button"
            aria-expanded={isExporting}
            onClick={() => setExporting(!isExporting)}
          >
            <Icon name="down" size={14} />
            Export
          </button>
        </div>
        {isExporting && (
          <ExportPanel
            filter={asCallFilter(filters)}
            isEmpty={messages.loaded && !messages.error && rows.length + held.length === 0}
            onClose={() => setExporting(false)}
          />
        )}
        <div className="messages-body">
          {messages.error && rows.length === 0 ? (
            <div className="card messages-main">
              <Notice icon="warning" tone="bad" title="The log could not be read">
                <p>{plain(messages.error.message, 400)}</p>
                <button type="button" className="button" onClick={messages.reload}>
                  Try again
                </button>
              </Notice>
            </div>
          ) : !messages.loaded && rows.length === 0 ? (
            <div className="card messages-main">
              <Skeleton rows={12} />
            </div>
          ) : rows.length === 0 ? (
            <div className="card messages-main">
              {held.length > 0 ? (
                <Notice icon="pause" title={`${plural(held.length, 'message')} came meanwhile`}>
                  <button type="button" className="button" onClick={toTop}>
                    Go on
                  </button>
                </Notice>
              ) : isFiltered ? (
                <Notice icon="search" title="No message matches">
                  <button type="button" className="button" onClick={() => replaceHash(messagesHref({}))}>
                    Clear the filters
                  </button>
                </Notice>
              ) : (
                <Notice icon="messages" title="No messages yet">
                  They appear here the moment machines of this node send or receive one.
                </Notice>
              )}
            </div>
          ) : (
            <div className="messages-main">
              {held.length > 0 && (
                <button type="button" className="new-rows" onClick={toTop}>
                  <Icon name="up" size={14} /> {count(held.length)} new
                </button>
              )}
              <VirtualTable
                label="Messages"
                className="messages-table"
                rows={rows}
                keyOf={keyOf}
                columns={COLUMNS}
                onOpen={setSelected}
                selected={shown && keyOf(shown)}
                onTop={setAtTop}
                onNearEnd={messages.loadOlder}
                foot={complete ? <p className="table-foot">This is where the log begins.</p> : undefined}
              />
            </div>
          )}
          {shown && (
            <MessageDrawer key={keyOf(shown)} message={shown} followers={followers} onJump={jump} onClose={close} />
          )}
        </div>
      </div>
    </NodeNames>
  );
}

async function search(client: NonNullable<ReturnType<typeof useClient>>, id: string): Promise<MessageView | undefined> {
  let before: number | undefined;
  for (let page = 0; page < JUMP_PAGES; page++) {
    const rows = await client
      .call('messages', { limit: JUMP_PAGE, ...(before !== undefined && { before }) })
      // The link says why; the message counts as not found.
      .catch(() => []);
    const found = rows.find((row) => row.id === id);
    before = rows.at(-1)?.place;
    if (found || rows.length < JUMP_PAGE || before === undefined) return found;
  }
  return undefined;
}

/** How far the index is behind, asked while somebody searches. */
function useSearchBehind(isSearching: boolean): number {
  const { value, reload } = useCall('search', NOTHING);
  useEffect(() => {
    if (!isSearching) return;
    reload();
    const timer = setInterval(reload, SEARCH_STATE_MS);
    return () => clearInterval(timer);
  }, [isSearching, reload]);
  return isSearching ? (value?.behind ?? 0) : 0;
}

const withoutEmpty = (filters: Filters): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== ''));

/** Ids alone, in order; the same array until one comes or goes. */
function useMachineIds(machines: ReturnType<typeof useNetwork>['machines']) {
  const text = JSON.stringify([...new Set([...(machines?.values() ?? [])].map(({ id }) => id))].toSorted());
  return useMemo(() => (JSON.parse(text) as readonly string[]).map((id) => [id, id] as const), [text]);
}

const COLUMNS: readonly Column<MessageView>[] = [
  { key: 'time', title: 'Sent', cell: ({ sentAt }) => <time>{timeOfDay(sentAt)}</time> },
  { key: 'from', title: 'From', cell: ({ from }) => <End address={from} /> },
  { key: 'to', title: 'To', cell: ({ to }) => <End address={to} /> },
  {
    key: 'event',
    title: 'Event',
    cell: ({ eventType }) => (
      <Text className="event-type" length={60}>
        {eventType}
      </Text>
    ),
  },
  { key: 'payload', title: 'Payload', cell: ({ eventJson }) => <code className="muted">{payloadOf(eventJson)}</code> },
  { key: 'outcome', title: 'Outcome', cell: ({ status, code }) => <OutcomeBadge status={status} code={code} /> },
];

/** The event without its type, in one line: `part: 41, passed: true`. */
function payloadOf(json: string): string {
  const text = json.length > 400 ? json.slice(0, 400) : json;
  const match = /^\{"type":"(?:[^"\\]|\\.)*",?(.*?)\}?$/s.exec(text);
  return plain((match?.[1] ?? text).replace(/"([A-Za-z_]\w*)":/g, '$1: ').replace(/,(?=\w+: )/g, ', '), 160);
}
