import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Endpoint, Transport } from '../../main/core/ports.ts';
import type { NodeId } from '../../shared/ids.ts';
import { closeOf, framesOf, Recorder } from '../support/transport/recorder.ts';
import { until } from '../support/transport/until.ts';

/** A network on which transports of different nodes reach each other. */
export interface TransportPlace {
  /** Each call is another node. */
  node(): { readonly id: NodeId; readonly transport: Transport };
  endpoint(port: number): Endpoint;
  /** Where nothing listens. */
  readonly nobody: Endpoint;
  remove(): Promise<void>;
}

const MAX_FRAME_BYTES = 1024 * 1024;

/** What every transport has to do. */
export function transportCompliance(name: string, newPlace: () => Promise<TransportPlace>): void {
  describe(`${name} as a transport`, () => {
    let place: TransportPlace;
    let started: Transport[];

    beforeEach(async () => {
      place = await newPlace();
      started = [];
    });

    afterEach(async () => {
      await Promise.all(started.map((transport) => transport.stop()));
      await place.remove();
    });

    function newNode() {
      const node = place.node();
      started.push(node.transport);
      return node;
    }

    async function listening(recorder = new Recorder()) {
      const node = newNode();
      const { port } = await node.transport.listen(recorder.accept);
      return { ...node, recorder, endpoint: place.endpoint(port) };
    }

    async function joined(heard = new Recorder(), said = new Recorder()) {
      const kitchen = await listening(heard);
      const cellar = newNode();
      await cellar.transport.dial({ node: kitchen.id, endpoints: [kitchen.endpoint] }, said.accept);
      return { kitchen, cellar, listener: await heard.line(), dialler: await said.line() };
    }

    test('a frame sent at once reaches the reader, at both ends, 200 times of 200', async () => {
      const heard = new Recorder((connection) => connection.send('from the listener'));
      const kitchen = await listening(heard);
      const cellar = newNode();
      const said = new Recorder((connection) => connection.send('from the dialler'));
      for (let round = 0; round < 200; round++) {
        await cellar.transport.dial({ node: kitchen.id, endpoints: [kitchen.endpoint] }, said.accept);
        const listener = await heard.line(round);
        const dialler = await said.line(round);
        await framesOf(listener, 1);
        await framesOf(dialler, 1);
        dialler.connection.close(4000, 'enough');
        await closeOf(listener);
        await closeOf(dialler);
      }
      expect(heard.lines.map(({ frames }) => frames)).toEqual(Array(200).fill(['from the dialler']));
      expect(said.lines.map(({ frames }) => frames)).toEqual(Array(200).fill(['from the listener']));
    });

    test('both ends know who the other is and who dialled', async () => {
      const { kitchen, cellar, listener, dialler } = await joined();
      expect(dialler.connection).toMatchObject({ peer: kitchen.id, dialled: true, remote: kitchen.endpoint });
      expect(listener.connection).toMatchObject({ peer: cellar.id, dialled: false });
    });

    test('a dial has handed its connection over when it resolves', async () => {
      const kitchen = await listening();
      const said = new Recorder();
      await newNode().transport.dial({ node: kitchen.id, endpoints: [kitchen.endpoint] }, said.accept);
      expect(said.lines).toHaveLength(1);
    });

    test('the binding is the same 32 bytes at both ends and others on the next connection', async () => {
      const { kitchen, cellar, listener, dialler } = await joined();
      const again = new Recorder();
      await cellar.transport.dial({ node: kitchen.id, endpoints: [kitchen.endpoint] }, again.accept);
      expect(dialler.connection.binding).toHaveLength(32);
      expect([...dialler.connection.binding]).toEqual([...listener.connection.binding]);
      const second = await again.line();
      expect([...second.connection.binding]).not.toEqual([...dialler.connection.binding]);
    });

    test('order is kept in both directions at once', async () => {
      const { listener, dialler } = await joined();
      const sent = Array.from({ length: 2_000 }, (_, index) => `frame ${index}`);
      for (const frame of sent) {
        dialler.connection.send(frame);
        listener.connection.send(frame);
      }
      expect(await framesOf(listener, sent.length)).toEqual(sent);
      expect(await framesOf(dialler, sent.length)).toEqual(sent);
    });

    test('a frame comes out as it went in: empty, not Latin, and of the largest size', async () => {
      const { listener, dialler } = await joined();
      const frames = ['', 'Küche 台所 🍳\u0000', 'x'.repeat(MAX_FRAME_BYTES)];
      for (const frame of frames) dialler.connection.send(frame);
      expect(await framesOf(listener, frames.length)).toEqual(frames);
    });

    test('a frame of more than 1 MiB closes the connection with 1009', async () => {
      const { listener, dialler } = await joined();
      dialler.connection.send('x'.repeat(MAX_FRAME_BYTES + 1));
      expect(await closeOf(listener)).toMatchObject({ code: 1009 });
      expect(await closeOf(dialler)).toMatchObject({ code: 1009 });
      expect(listener.frames).toEqual([]);
    });

    test('bytes are counted as buffered until they have left', async () => {
      const { listener, dialler } = await joined();
      expect(dialler.connection.bufferedBytes).toBe(0);
      dialler.connection.send('x'.repeat(1_000));
      expect(dialler.connection.bufferedBytes).toBeGreaterThanOrEqual(1_000);
      await framesOf(listener, 1);
      await until('the buffer is empty', () => dialler.connection.bufferedBytes === 0);
    });

    test('what was sent before a close arrives before it, with its code and reason', async () => {
      const { listener, dialler } = await joined();
      dialler.connection.send('one');
      dialler.connection.send('two');
      dialler.connection.close(4400, 'bad frame');
      expect(await closeOf(listener)).toEqual({ code: 4400, reason: 'bad frame' });
      expect(listener.frames).toEqual(['one', 'two']);
      expect(await closeOf(dialler)).toEqual({ code: 4400, reason: 'bad frame' });
    });

    test('a close is told later, and once, however often both ends close', async () => {
      const { kitchen, cellar, listener, dialler } = await joined();
      dialler.connection.close(4001, 'duplicate');
      expect(dialler.closes).toEqual([]);
      dialler.connection.close(4002, 'once more');
      listener.connection.close(4003, 'the other end, meanwhile');
      await closeOf(dialler);
      await closeOf(listener);
      await Promise.all([kitchen.transport.stop(), cellar.transport.stop()]);
      expect(dialler.closes).toEqual([{ code: 4001, reason: 'duplicate' }]);
      expect(listener.closes).toEqual([{ code: 4003, reason: 'the other end, meanwhile' }]);
    });

    test('a connection can be closed while it is being accepted', async () => {
      const heard = new Recorder((connection) => connection.close(4401, 'not you'));
      const { dialler } = await joined(heard);
      expect(await closeOf(dialler)).toEqual({ code: 4401, reason: 'not you' });
      expect(await closeOf(await heard.line())).toEqual({ code: 4401, reason: 'not you' });
    });

    test('a frame sent after the close is ignored', async () => {
      const { listener, dialler } = await joined();
      dialler.connection.close(4000, 'leaving');
      dialler.connection.send('too late');
      await closeOf(dialler);
      dialler.connection.send('far too late');
      await closeOf(listener);
      expect(listener.frames).toEqual([]);
    });

    test('several connections between the same two nodes live side by side', async () => {
      const { kitchen, cellar, listener, dialler } = await joined();
      const again = new Recorder();
      await cellar.transport.dial({ node: kitchen.id, endpoints: [kitchen.endpoint] }, again.accept);
      const second = await again.line();
      second.connection.close(4001, 'duplicate');
      await closeOf(second);
      dialler.connection.send('still here');
      expect(await framesOf(listener, 1)).toEqual(['still here']);
    });

    test('two nodes that dial each other at once get two connections', async () => {
      const kitchen = await listening();
      const cellar = await listening();
      const said = [new Recorder(), new Recorder()] as const;
      await Promise.all([
        kitchen.transport.dial({ node: cellar.id, endpoints: [cellar.endpoint] }, said[0].accept),
        cellar.transport.dial({ node: kitchen.id, endpoints: [kitchen.endpoint] }, said[1].accept),
      ]);
      await kitchen.recorder.line();
      await cellar.recorder.line();
      expect(said.map(({ lines }) => lines.length)).toEqual([1, 1]);
    });

    test('where nobody listens, the dial fails and says where and why', async () => {
      const { transport, id } = newNode();
      await expect(
        transport.dial({ node: id, endpoints: [place.nobody] }, new Recorder().accept),
      ).rejects.toMatchObject({
        code: 'DIAL_FAILED',
        message: expect.stringMatching(new RegExp(`${place.nobody.host}:${place.nobody.port}: .*refused`)),
      });
    });

    test('a dial without any endpoint fails and says so', async () => {
      const { transport } = newNode();
      await expect(transport.dial({ endpoints: [] }, new Recorder().accept)).rejects.toMatchObject({
        code: 'DIAL_FAILED',
        message: expect.stringContaining('no address'),
      });
    });

    test('the next endpoint is tried when one fails', async () => {
      const kitchen = await listening();
      const said = new Recorder();
      await newNode().transport.dial({ node: kitchen.id, endpoints: [place.nobody, kitchen.endpoint] }, said.accept);
      expect((await said.line()).connection.remote).toEqual(kitchen.endpoint);
    });

    test('another node than the expected one is refused, and the error names it', async () => {
      const kitchen = await listening();
      const cellar = await listening();
      const said = new Recorder();
      await expect(
        newNode().transport.dial({ node: kitchen.id, endpoints: [cellar.endpoint] }, said.accept),
      ).rejects.toMatchObject({ code: 'DIAL_FAILED', message: expect.stringContaining(`another node, ${cellar.id}`) });
      expect(said.lines).toEqual([]);
      expect(cellar.recorder.lines).toEqual([]);
    });

    test('where only an address is known, whoever is there is taken', async () => {
      const kitchen = await listening();
      const said = new Recorder();
      await newNode().transport.dial({ endpoints: [kitchen.endpoint] }, said.accept);
      expect((await said.line()).connection.peer).toBe(kitchen.id);
    });

    test('a node does not dial itself', async () => {
      const kitchen = await listening();
      const said = new Recorder();
      await expect(kitchen.transport.dial({ endpoints: [kitchen.endpoint] }, said.accept)).rejects.toMatchObject({
        code: 'DIALLED_SELF',
        message: expect.stringContaining('this node itself'),
      });
      expect([said.lines, kitchen.recorder.lines]).toEqual([[], []]);
    });

    test('stopping closes every connection with 4000 at both ends, and may be done twice', async () => {
      const { kitchen, listener, dialler } = await joined();
      await Promise.all([kitchen.transport.stop(), kitchen.transport.stop()]);
      expect(listener.closes).toEqual([{ code: 4000, reason: 'leaving' }]);
      expect(await closeOf(dialler)).toEqual({ code: 4000, reason: 'leaving' });
      await kitchen.transport.stop();
      expect(listener.closes).toHaveLength(1);
    });

    test('a stopped transport listens no more and dials no more', async () => {
      const { kitchen, cellar } = await joined();
      await kitchen.transport.stop();
      const said = new Recorder();
      const target = { node: kitchen.id, endpoints: [kitchen.endpoint] };
      await expect(cellar.transport.dial(target, said.accept)).rejects.toMatchObject({ code: 'DIAL_FAILED' });
      await cellar.transport.stop();
      const other = await listening();
      await expect(
        cellar.transport.dial({ node: other.id, endpoints: [other.endpoint] }, said.accept),
      ).rejects.toMatchObject({ code: 'DIAL_FAILED', message: expect.stringContaining('stopped') });
    });

    test('a transport that never listened stops', async () => {
      await newNode().transport.stop();
    });
  });
}
