/** A place in a file of the product, or of the simulation, and what stands there instead. */
export interface Edit {
  /** From the root of the project. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A rule of the delivery, and the code without it. The product has no switches: its text is changed while it is loaded. */
export interface Mutant {
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** Told by the end of a history alone, or also by what must not even leave. */
  readonly hasMonitors?: true;
}

const core = (file: string, find: string, replace: string): Edit => ({ file: `main/core/${file}.ts`, find, replace });
const world = (file: string, find: string, replace: string): Edit => ({
  file: `test/support/delivery/${file}.ts`,
  find,
  replace,
});

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  ackBeforeCommit: {
    rule: 'an acknowledgement leaves only after the commit',
    edits: [
      core(
        'receiving',
        "turn.group.add({ type: 'page', page });",
        "turn.group.add({ type: 'page', page }); this.#committed(peer, state.incoming, epoch, last, refused); this.acknowledge();",
      ),
    ],
  },
  markThenRow: {
    rule: 'mark and row are one transaction',
    edits: [
      world(
        'node',
        'this.#queue.push({ isStart: false, changes: output.changes });',
        "const marks = output.changes.flatMap((c) => (c.type === 'page' && c.page.direction === 'in' ? [{ type: 'mark' as const, peer: c.page.peer, epoch: c.page.epoch, sequence: c.page.first + c.page.count - 1 }] : [])); if (marks.length > 0) this.#queue.push({ isStart: true, changes: marks }); this.#queue.push({ isStart: false, changes: output.changes });",
      ),
    ],
  },
  rowThenMark: {
    rule: 'row and mark are one transaction',
    edits: [
      world('disk', "if (change.page.direction === 'in')", "if (change.page.direction === ('never' as string))"),
      world(
        'node',
        'this.#queue.push({ isStart: false, changes: output.changes });',
        "this.#queue.push({ isStart: false, changes: output.changes }); for (const c of output.changes) if (c.type === 'page' && c.page.direction === 'in') this.#queue.push({ isStart: true, changes: [{ type: 'mark' as const, peer: c.page.peer, epoch: c.page.epoch, sequence: c.page.first + c.page.count - 1 }] });",
      ),
    ],
  },
  noStartCommit: {
    rule: 'the start is on disk before the first hello',
    edits: [world('node', 'this.#isReady = false;', 'this.#isReady = true;')],
  },
  failOnlyHead: {
    rule: 'a failed commit fails everything that was queued behind it',
    edits: [
      world('node', 'this.#queue = failed.filter(({ isStart }) => isStart);', 'this.#queue = failed.splice(1);'),
      core(
        'delivery',
        'const lost = [...this.#turn.committing, this.#turn.group];',
        'const lost = this.#turn.committing.splice(0, 1);',
      ),
      core('delivery', 'this.#failuresToCome = this.#turn.committing.length - 1;', ''),
      core('delivery', 'this.#turn.committing = [];', ''),
    ],
  },
  factsLost: {
    rule: 'what stays true when a commit fails goes with the next one',
    edits: [core('delivery', 'this.#turn.group.facts.unshift(', '[].concat(')],
  },
  noRollBack: {
    rule: 'persisted machines go back with a failed commit',
    edits: [core('delivery', 'this.#receiving.rollBack();', '')],
  },
  sendBeforeCommit: {
    rule: 'a frame leaves only after the commit that it tells of',
    edits: [
      core('outgoing-stream', 'epoch.logged = lastOf(epoch);', 'epoch.committed = epoch.logged = lastOf(epoch);'),
    ],
  },
  sameEpoch: {
    rule: 'every start opens a new epoch',
    edits: [world('history', 'const epoch = (this.#epochs.get(node) ?? 0) + 1;', 'const epoch = 1;')],
  },
  noFencing: {
    rule: 'what comes on a connection of an older generation is left aside',
    edits: [world('node', 'else if (this.#current.get(peer) !== connection) return;', '')],
  },
  generationWithoutIncarnation: {
    rule: 'a generation carries the incarnation',
    edits: [
      core(
        'generations',
        'incarnation > oldIncarnation || (incarnation === oldIncarnation && count > oldCount);',
        'incarnation + oldIncarnation > 0 && count > oldCount;',
      ),
      world(
        'node',
        "if (known) this.#send(connection, { type: 'behind', incarnation: known[0] });",
        'if (known) return;',
      ),
    ],
  },
  behindIgnored: {
    rule: 'a node that was put back from a backup is told that it is behind',
    edits: [
      world(
        'node',
        "if (known) this.#send(connection, { type: 'behind', incarnation: known[0] });",
        'if (known) return;',
      ),
    ],
  },
  bothChoose: {
    rule: 'one side alone chooses the connection',
    edits: [
      world('node', 'if (this.id > peer) return;', ''),
      world(
        'node',
        "if (frame.type === 'welcome') this.#welcomed(connection, peer, frame);",
        "if (frame.type === 'welcome') return;",
      ),
    ],
  },
  markBeforeProcessing: {
    rule: 'an envelope is marked as handled after it was',
    edits: [
      core(
        'receiving',
        "this.#parts.turn.put({ type: 'handOver', arrival });",
        "this.#parts.turn.put({ type: 'handOver', arrival }); this.#outcomesOf(arrival).add(arrival.epoch, arrival.sequence, 'handled');",
      ),
    ],
  },
  retainAll: {
    rule: 'retention spares what is open',
    edits: [
      world(
        'disk',
        'const isOpen = (row: Row) => isWaiting(disk, row) || isUnheard(disk, row) || ',
        'const isOpen = (row: Row) => isWaiting(disk, row) || isUnheard(disk, row) || 1 > 2 && ',
      ),
    ],
  },
  retainRefused: {
    rule: 'retention spares refusals that the peer may not have heard of',
    edits: [
      world(
        'disk',
        'const isOpen = (row: Row) => isWaiting(disk, row) || isUnheard(disk, row) || ',
        'const isOpen = (row: Row) => isWaiting(disk, row) || ',
      ),
    ],
  },
  refusalsOnce: {
    rule: 'refusals are repeated in the answer to a resume',
    edits: [
      core(
        'incoming-stream',
        'return this.#ack(epoch, [...(this.#epochs.get(epoch)?.refused ?? [])], sharedBy);',
        'return this.#ack(epoch, [], sharedBy);',
      ),
    ],
  },
  firstBeforeSettled: {
    rule: 'what a resume names the first is known to be acknowledged by the disk',
    edits: [
      core('outgoing-stream', '(epoch.settled < epoch.first - 1 || epoch.isForgotten)', 'epoch.isForgotten'),
      core('outgoing-stream', 'live[epoch.id] = epoch.settled + 1;', 'live[epoch.id] = epoch.first;'),
    ],
  },
  firstAgainBeforeSettled: {
    rule: 'nor is anything else named when much was refused',
    edits: [core('outgoing-stream', 'live[epoch.id] = epoch.settled + 1;', 'live[epoch.id] = epoch.first;')],
  },
  olderBeforeSettled: {
    rule: 'no epoch is named while a crash could bring an older one back: its refusals are forgotten',
    edits: [
      core(
        'outgoing-stream',
        'if (!isAsked && (epoch.settled < epoch.first - 1 || epoch.isForgotten)) break;',
        'if (!isAsked && (epoch.settled < epoch.first - 1 || epoch.isForgotten)) continue;',
      ),
    ],
  },
  drainedUnsettled: {
    rule: 'that is so, too, where the older one is at its end',
    edits: [
      core(
        'outgoing-stream',
        'this.#isDrained(epoch) && epoch.settled >= epoch.first - 1 && !isKept',
        'this.#isDrained(epoch)',
      ),
    ],
  },
  neverNamedAgain: {
    rule: 'what was refused is named again when there is much of it',
    edits: [core('outgoing-stream', 'if (isAsked && !this.#hasToForget(epoch)) continue;', 'if (isAsked) continue;')],
  },
  refusedFaster: {
    rule: 'a sender whose disk is behind leaves no more refusals open than its peer takes',
    edits: [core('outgoing-stream', 'if (this.#refusals >= this.#limits.windowRows) return undefined;', '')],
  },
  olderKept: {
    rule: 'refusals of an earlier start that its sender does not name are forgotten',
    edits: [core('incoming-stream', 'const isDone = isOlder && !this.#named.has(epoch);', 'const isDone = false;')],
  },
  namedForgotten: {
    rule: 'those of an epoch that was named before on the same connection are not',
    edits: [core('incoming-stream', 'this.#named.add(epoch);', 'this.#named.delete(epoch);')],
  },
  ackBeforeAnswer: {
    rule: 'no acknowledgement of an epoch before the answer',
    edits: [
      core(
        'incoming-stream',
        'return this.#credits.has(epoch) ? this.#ack(epoch, refused) : undefined;',
        'return this.#ack(epoch, refused);',
      ),
    ],
  },
  answerAtOnce: {
    rule: 'the answer waits for what was under way to the disk',
    edits: [
      core(
        'delivery-turn',
        'if (this.committing.length === 0 && !this.group.isAwaited) act();',
        'if (this.committing.length >= 0) act();',
      ),
    ],
  },
  creditIgnored: {
    rule: 'no more is sent than there is credit for',
    edits: [core('outgoing-stream', 'Math.min(epoch.committed, epoch.credit, ', 'Math.min(epoch.committed, ')],
  },
  overGranted: {
    rule: 'no more credit than a window is given',
    hasMonitors: true,
    edits: [
      core(
        'incoming-stream',
        'return durable + Math.max(least, Math.min(this.#limits.windowRows, room));',
        'return durable + Math.max(least, Math.min(this.#limits.windowRows, room)) + 10;',
      ),
    ],
  },
  creditNotReopened: {
    rule: 'credit that ran out is renewed without a commit',
    edits: [core('receiving', 'for (const frame of incoming.renewals())', 'for (const frame of [] as never[])')],
  },
  windowIgnored: {
    rule: 'no more than a window is under way, whatever the epochs',
    hasMonitors: true,
    edits: [core('outgoing-stream', ', epoch.sent + this.#limits.windowRows - this.#sentRows);', ');')],
  },
  noOutboxCap: {
    rule: 'the outbox has an end',
    hasMonitors: true,
    edits: [core('sending', 'if (outgoing.isFull) {', 'if (outgoing.isFull && outgoing.waiting < 0) {')],
  },
  neverBusy: {
    rule: 'what waits for one machine has an end',
    hasMonitors: true,
    edits: [core('inbox', 'return rows >= this.#limits.waitingRows || ', 'return ')],
  },
  creditOfTheBuried: {
    rule: 'what is given up gives its credit back',
    edits: [
      core(
        'receiving',
        'this.#inbox.remove(arrival);\n    this.#inHand(arrival, -1);\n    this.#outcomesOf',
        'this.#inbox.remove(arrival);\n    this.#outcomesOf',
      ),
    ],
  },
  allEpochs: {
    rule: 'epochs are asked about in pages',
    hasMonitors: true,
    edits: [core('outgoing-stream', 'this.#epochs.slice(0, this.#limits.resumeEpochs)', 'this.#epochs')],
  },
  noNextPage: {
    rule: 'the next page is asked about as the first one drains',
    edits: [
      core(
        'outgoing-stream',
        'if (!this.#connected) return undefined;\n    this.#presentEpoch();',
        'if (!this.#connected || this.#asked.size > 0) return undefined;\n    this.#presentEpoch();',
      ),
    ],
  },
  unlisted: {
    rule: 'rows leave only of epochs that were answered',
    edits: [
      core(
        'outgoing-stream',
        'if (!epoch || epoch.credit === undefined) return undefined;',
        'if (!epoch) return undefined;',
      ),
      core(
        'outgoing-stream',
        'Math.min(epoch.committed, epoch.credit, ',
        'Math.min(epoch.committed, epoch.credit ?? 99, ',
      ),
    ],
  },
  newestEpochFirst: {
    rule: 'rows leave in the order in which they were accepted, across epochs',
    edits: [
      core(
        'outgoing-stream',
        'return this.#epochs.find((epoch) => epoch.sent',
        'return this.#epochs.findLast((epoch) => epoch.sent',
      ),
    ],
  },
  expireWritten: {
    rule: 'what was written to a connection does not expire before the peer says that it lacks it',
    edits: [
      core('outgoing-stream', 'const from = Math.max(epoch.written + 1, epoch.first);', 'const from = epoch.first;'),
    ],
  },
  skipBeforeTombstone: {
    rule: 'a place is skipped only after its dead letter is on disk',
    edits: [
      core(
        'outgoing-stream',
        'if (!row || row.gone?.isTold === false) return undefined;',
        'if (!row) return undefined;',
      ),
    ],
  },
  clockOfSender: {
    rule: 'how long an envelope has is counted on the clock of the node that has it',
    edits: [core('receiving', 'const expiresAt = label.expiresAt + clockOffset;', 'const { expiresAt } = label;')],
  },
  clockJumps: {
    rule: 'a wall clock that is set moves no deadline',
    edits: [core('delivery-time', '> CLOCK_JUMP_MS;', '> CLOCK_JUMP_MS * 1_000;')],
  },
  buriedInSilence: {
    rule: 'what dies here is a dead letter',
    edits: [
      core(
        'receiving',
        "this.#parts.turn.group.fact({ type: 'deadLetter', letter: this.#letter(arrival, code) });\n  }\n\n  #letter",
        '}\n\n  #letter',
      ),
    ],
  },
  inHandIsLost: {
    rule: 'what a machine had in hand when it ended is for the next one',
    edits: [core('inbox', 'for (const arrival of inHand) hold(machine, arrival);', '')],
  },
  gapRefused: {
    rule: 'a peer that remembers more than our store goes on where it stands',
    edits: [core('receiving', 'if (missing > 0) this.#acceptGap', 'if (missing > 1e9) this.#acceptGap')],
  },
  sendsOutside: {
    rule: 'what a persisted machine sends in a step is in the commit of the step',
    edits: [
      core(
        'delivery',
        'this.#receiving.sendHere(parcel, machine);',
        'this.#turn.group.follow({ act: () => { try { this.#receiving.sendHere(parcel, machine); } catch {} } });',
      ),
      core(
        'delivery',
        'else this.#sending.send(parcel);',
        'else this.#turn.group.follow({ act: () => this.#sending.send(parcel) });',
      ),
    ],
  },
  localOutside: {
    rule: 'that is so also of what it sends to machines of its own node',
    edits: [
      core(
        'delivery',
        'this.#receiving.sendHere(parcel, machine);',
        'this.#turn.group.follow({ act: () => { try { this.#receiving.sendHere(parcel, machine); } catch {} } });',
      ),
    ],
  },
  stateOutside: {
    rule: 'the state after a step is in the commit of the step',
    edits: [
      core(
        'receiving',
        'group.keep(machine, snapshot);',
        'group.follow({ act: () => this.#parts.turn.group.keep(machine, snapshot) });',
      ),
    ],
  },
  handledOutside: {
    rule: 'so is that its envelope was handled',
    edits: [
      core(
        'receiving',
        "group.add({ type: 'became', ...runOf(arrival), status, ...(code && { code }) });",
        "group.follow({ act: () => this.#parts.turn.group.add({ type: 'became', ...runOf(arrival), status }) });",
      ),
    ],
  },
  firstStateOfGroup: {
    rule: 'of the steps of a machine in one commit the last one says where it goes on',
    edits: [core('commit-group', 'this.#snapshots.set(', 'if (!this.#snapshots.has(machine)) this.#snapshots.set(')],
  },
  allStatesOfGroup: {
    rule: 'only that one is written',
    hasMonitors: true,
    edits: [
      core(
        'commit-group',
        'this.#snapshots.set(machine, snapshot);',
        "this.#changes.push({ type: 'snapshot', machine, snapshot });",
      ),
    ],
  },
  keptBeforeCommit: {
    rule: 'a step is told as kept after its commit',
    hasMonitors: true,
    edits: [
      core(
        'receiving',
        'group.keep(machine, snapshot);',
        "group.keep(machine, snapshot); this.#parts.turn.put({ type: 'kept', step });",
      ),
    ],
  },
  localBeforeCommit: {
    rule: 'what a step sends to machines of its own node reaches them after the commit',
    hasMonitors: true,
    edits: [
      core(
        'receiving',
        'this.#inbox.expect(machine, arrival.length);',
        'this.#inbox.expect(machine, arrival.length); this.#arrive(arrival);',
      ),
      core('receiving', "status: 'delivered' });\n        this.#arrive(arrival);", "status: 'delivered' });"),
    ],
  },
  localAcceptedAtOnce: {
    rule: 'what a machine sends to one of its own node is accepted when it is on disk',
    edits: [
      core(
        'receiving',
        'this.#inbox.expect(machine, arrival.length);',
        "this.#inbox.expect(machine, arrival.length); this.#parts.turn.put({ type: 'outcome', ...runOf(arrival), status: 'delivered' });",
      ),
    ],
  },
  failedSendsForgotten: {
    rule: 'what a step cannot send is a dead letter, also where it finds the outbox full',
    edits: [
      core(
        'delivery',
        'this.#bury(parcel, thrown.code);',
        "if (thrown.code !== 'OUTBOX_FULL') this.#bury(parcel, thrown.code);",
      ),
    ],
  },
  failedSendsOutside: {
    rule: 'that letter is in the commit of the step',
    edits: [
      core(
        'delivery',
        'this.#bury(parcel, thrown.code);',
        'const { code } = thrown; this.#turn.group.follow({ act: () => this.#bury(parcel, code) });',
      ),
    ],
  },
  failedSendsStay: {
    rule: 'the letter goes with the step when the commit fails',
    edits: [
      core(
        'delivery',
        "this.#turn.group.add({ type: 'deadLetter', letter });",
        "this.#turn.group.fact({ type: 'deadLetter', letter });",
      ),
    ],
  },
  notTakenBack: {
    rule: 'the envelope of a step that was lost is handed over again',
    edits: [core('receiving', 'if (processed) this.#inbox.takeBack(processed.arrival);', '')],
  },
  ownStepsStay: {
    rule: 'a machine goes back also from a step that took no envelope',
    edits: [core('receiving', 'this.#lostSteps.add(machine);', 'if (processed) this.#lostSteps.add(machine);')],
  },
  stateUnderWayMissed: {
    rule: 'a machine that is registered again goes on from its last step, also where that is on its way to the disk',
    edits: [core('delivery', 'groups.findLast((group) => group', 'groups.slice(0, 0).findLast((group) => group')],
  },
  tightStops: {
    rule: 'where there is little room left machines go on with what was accepted, and with what that makes them send',
    edits: [
      core(
        'delivery',
        'if (!this.#receiving.stepped(step)) return;',
        'if (!this.#receiving.stepped(step) || this.#isTight) return;',
      ),
    ],
  },
  sameLocalEpoch: {
    rule: 'after a commit failed the stream between machines of one node begins a new epoch',
    edits: [core('local-stream', 'this.#epoch = this.#newEpoch();\n    this.#sequence = 0;', 'this.#sequence = 0;')],
  },
  globalStreams: {
    rule: 'an epoch names a stream only together with its peer',
    edits: [
      core('receiving', 'const marks = stored.marks.filter((mark) => mark.peer === id);', 'const { marks } = stored;'),
    ],
  },
  pruneByCount: {
    rule: 'marks are not pruned by count',
    edits: [
      world(
        'disk',
        'const marks = Object.entries(disk.marks).map(',
        'const marks = Object.entries(disk.marks).slice(-2).map(',
      ),
    ],
  },
  pruneClosed: {
    rule: 'marks of drained epochs are kept',
    edits: [
      core(
        'incoming-stream',
        'disconnected(): void {\n    this.#credits.clear();',
        'disconnected(): void {\n    for (const epoch of [...this.#epochs.keys()]) if (!this.#credits.has(epoch)) this.#epochs.delete(epoch);\n    this.#credits.clear();',
      ),
    ],
  },
  forgetsPart: {
    rule: 'of a peer that is forgotten whole epochs go',
    edits: [core('outgoing-stream', 'epoch.isForgotten && epoch.committed === lastOf(epoch)', 'epoch.isForgotten')],
  },
  forgetsNoneThatFailed: {
    rule: 'what is left of a forgotten epoch when the disk failed goes, too',
    edits: [
      core(
        'sending',
        'outgoing.dropUncommitted();\n      this.#forgotten(peer, outgoing.takeForgotten());',
        'outgoing.dropUncommitted();',
      ),
    ],
  },
};
