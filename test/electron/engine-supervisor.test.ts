import { expect, test, vi } from 'vitest';
import { fromCallback, SimulatedClock } from 'xstate';
import type { FromProcess, ToProcess } from '../../main/electron/engine-machine.ts';
import { EngineSupervisor } from '../../main/electron/engine-supervisor.ts';
import { describe as said } from '../../main/electron/tray.ts';

vi.mock('electron', () => import('./electron-double.ts'));

interface FakeProcess {
  readonly got: ToProcess['type'][];
  isRunning: boolean;
  say(message: FromProcess): void;
}

/** A supervisor on a clock that moves by hand, and the processes that it started. */
function supervise() {
  const clock = new SimulatedClock();
  const processes: FakeProcess[] = [];
  const logic = fromCallback<ToProcess>(({ sendBack, receive }) => {
    const process: FakeProcess = { got: [], isRunning: true, say: sendBack };
    processes.push(process);
    receive(({ type }) => process.got.push(type));
    return () => {
      process.isRunning = false;
    };
  });
  const engine = new EngineSupervisor(logic, { clock });
  engine.start();
  const newest = () => processes.at(-1) ?? expect.fail('nothing was started');
  return { engine, clock, processes, newest };
}

test('crashes in a row are answered after 0.5 s, 1 s, 2 s … and never later than 30 s', () => {
  const { clock, processes, newest } = supervise();
  for (const [index, waitMs] of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].entries()) {
    newest().say({ type: 'EXITED', code: 139 });
    clock.increment(waitMs - 1);
    expect(processes).toHaveLength(index + 1);
    clock.increment(1);
    expect(processes).toHaveLength(index + 2);
  }
});

test('an engine that ran for a minute has its crashes forgiven', () => {
  const { engine, clock, newest } = supervise();
  for (const crash of [500, 1_000]) {
    newest().say({ type: 'EXITED', code: 1 });
    clock.increment(crash);
  }
  newest().say({ type: 'READY', name: 'a' });
  clock.increment(59_999);
  newest().say({ type: 'EXITED', code: 1 });
  expect(engine.state).toMatchObject({ crashes: 3 });
  clock.increment(2_000);
  newest().say({ type: 'READY', name: 'a' });
  clock.increment(60_000);
  newest().say({ type: 'EXITED', code: 1 });
  expect(engine.state).toMatchObject({ state: 'waiting', crashes: 1, retryMs: 500 });
});

test('a node that refuses to start is not started again by itself', () => {
  const { engine, clock, processes, newest } = supervise();
  newest().say({ type: 'FAILED', code: 'PORT_IN_USE', message: 'Port 4000 is in use' });
  expect(newest().isRunning).toBe(false);
  clock.increment(3_600_000);
  expect(processes).toHaveLength(1);
  expect(engine.state).toEqual({ state: 'failed', problem: 'Port 4000 is in use' });
  engine.retry();
  expect(processes).toHaveLength(2);
  expect(engine.state).toEqual({ state: 'starting' });
});

test('stopping waits for the goodbye, and a node that hangs is ended after 2 s', async () => {
  const good = supervise();
  good.newest().say({ type: 'READY', name: 'a' });
  const stopped = good.engine.stop();
  expect(good.newest().got).toEqual(['STOP']);
  expect(good.newest().isRunning).toBe(true);
  good.newest().say({ type: 'EXITED', code: 0 });
  await stopped;
  await good.engine.stop();
  expect(good.processes).toHaveLength(1);

  const hanging = supervise();
  const late = hanging.engine.stop();
  hanging.clock.increment(1_999);
  void hanging.engine.stop();
  expect(hanging.newest().got).toEqual(['STOP']);
  expect(hanging.newest().isRunning).toBe(true);
  hanging.clock.increment(1);
  await late;
  expect(hanging.newest().isRunning).toBe(false);
  expect(hanging.engine.state).toEqual({ state: 'stopped' });
});

test('stopping while nothing runs ends at once', async () => {
  const { engine, clock, processes, newest } = supervise();
  newest().say({ type: 'EXITED', code: 1 });
  await engine.stop();
  clock.increment(60_000);
  expect(processes).toHaveLength(1);
});

test('an engine that cannot even be started is tried again', () => {
  const clock = new SimulatedClock();
  let tries = 0;
  const engine = new EngineSupervisor(
    fromCallback<ToProcess>(() => {
      tries++;
      throw new Error('no more processes');
    }),
    { clock },
  );
  engine.start();
  clock.increment(500);
  expect(tries).toBe(2);
  expect(said(engine.state)).toBe('The node could not be started; it starts again after 1 s');
});

test('a watcher is told what is, then every change, and a port goes to a node that is ready only', () => {
  const { engine, newest } = supervise();
  const states: string[] = [];
  engine.watch(({ state }) => states.push(state));
  engine.connect({} as never);
  newest().say({ type: 'READY', name: 'a' });
  engine.connect({} as never);
  newest().say({ type: 'EXITED', code: 1 });
  engine.connect({} as never);
  expect(newest().got).toEqual(['CONNECT']);
  expect([...new Set(states)]).toEqual(['starting', 'ready', 'waiting']);
});
