import { setup } from 'xstate';
import type { MachineRegistrator } from '../../main/index.ts';
import { reply } from '../../main/xstate.ts';

const greeter = setup({
  types: { events: {} as { type: 'HELLO'; name: string } | { type: 'WELCOME' } | { type: 'BYE' } },
  actions: { welcome: reply({ type: 'WELCOME' }) },
}).createMachine({
  initial: 'waiting',
  states: {
    waiting: { on: { HELLO: { target: 'greeted', actions: 'welcome' } } },
    greeted: { on: { HELLO: { actions: 'welcome' }, WELCOME: {}, BYE: {} } },
  },
});

/**
 * One program, written against `MachineRegistrator` and nothing else: it runs twice, on one registrator or on two, and each run finds the
 * other one. What it returns does not depend on where they are.
 */
export async function program(registrator: MachineRegistrator, name: string): Promise<string[]> {
  const told: string[] = [];
  const me = await registrator.register('Greeter', greeter, { id: name, metadata: { name } });
  const found = await registrator.waitForType('Greeter', { count: 2, timeoutMs: 30_000 });
  told.push(`found ${found.length} greeters`);
  const [other] = await me.discoverAndConnect('Greeter');
  if (!other) throw new Error('the other greeter is gone');
  told.push(`connected with ${me.connections().length}`);
  const reply = await me.ask(other.address, { type: 'HELLO', name });
  told.push(`asked, and got ${reply.event.type}`);
  const [outcome] = await me.broadcastToSameType({ type: 'HELLO', name });
  told.push(`broadcast was ${outcome?.status}`);
  const greeted = await registrator.waitForType('Greeter', {
    count: 2,
    timeoutMs: 30_000,
    where: (machine) => machine.matches('greeted'),
  });
  told.push(`${greeted.length} are greeted`);
  const balanced = await me.sendToOneOfType('Greeter', { type: 'BYE' }, { strategy: 'hash', key: 'one' });
  told.push(`goodbye was ${balanced.status}`);
  const isDown = new Promise<string>((resolve) => {
    registrator.monitor(other.address, ({ reason }) => resolve(reason));
  });
  // Neither goes before both have come to here.
  await registrator.register('Done', greeter);
  await registrator.waitForType('Done', { count: 2, timeoutMs: 30_000 });
  await me.unregister();
  told.push(`the other one ${await isDown}`);
  return told;
}
