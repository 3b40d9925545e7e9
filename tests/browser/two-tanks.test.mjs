// The model behind the book's <two-tanks>: it neither loses a byte nor makes one up.
// What it looks like in a browser is tested elsewhere. Run by `node --test`.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";

const globals = new Set(Object.getOwnPropertyNames(globalThis));
const { Tanks } = createRequire(import.meta.url)("../../mdbook/theme/fonts/two-tanks.js");

/** What lesson 07 prints after each step. */
const line = (tanks) => [tanks.accepted, tanks.readSoFar, tanks.inSendBuffer, tanks.inReceiveBuffer];

test("the script makes nothing global", () => {
  assert.deepEqual(Object.getOwnPropertyNames(globalThis).filter((name) => !globals.has(name)), []);
});

test("two tanks fill up, and the kernel takes no more", () => {
  const tanks = new Tanks({ sendBuffer: 8192, receiveBuffer: 6144 });
  tanks.blocking = false;
  const lines = [];
  for (let taken = 1; taken > 0; ) {
    taken = tanks.write(2048);
    tanks.run();
    lines.push([taken, ...line(tanks)]);
  }
  // As lesson 07 prints it on Linux, where the kernel made the buffers just as large.
  assert.deepEqual(lines, [
    [2048, 2048, 0, 0, 2048],
    [2048, 4096, 0, 0, 4096],
    [2048, 6144, 0, 0, 6144],
    [2048, 8192, 0, 2048, 6144],
    [2048, 10240, 0, 4096, 6144],
    [2048, 12288, 0, 6144, 6144],
    [2048, 14336, 0, 8192, 6144],
    [0, 14336, 0, 8192, 6144],
  ]);
  assert.equal(tanks.window, 0);
});

test("a blocked writer keeps the rest in hand, and goes on after a read", () => {
  const tanks = new Tanks({ sendBuffer: 2048, receiveBuffer: 2048 });
  assert.equal(tanks.write(8192), 2048);
  assert.equal(tanks.run(), 2048);
  assert.deepEqual(line(tanks), [4096, 0, 2048, 2048]);
  assert.equal(tanks.inHand, 4096);
  assert.equal(tanks.write(1), undefined, "a blocked writer cannot write");

  assert.equal(tanks.read(1024), 1024);
  assert.equal(tanks.window, 1024);
  assert.equal(tanks.run(), 1024);
  assert.deepEqual(line(tanks), [5120, 1024, 2048, 2048]);
  assert.ok(tanks.blocked);

  let got = 1024;
  while (tanks.inReceiveBuffer > 0) {
    got += tanks.read(tanks.inReceiveBuffer);
    tanks.run();
  }
  assert.equal(got, 8192);
  assert.ok(!tanks.blocked);
  assert.deepEqual(line(tanks), [8192, 8192, 0, 0]);
});

test("a writer that does not block lets go of what does not fit", () => {
  const tanks = new Tanks({ sendBuffer: 2048 });
  tanks.blocking = false;
  assert.equal(tanks.write(4096), 2048);
  assert.equal(tanks.inHand, 0);
  assert.equal(tanks.write(4096), 0);
});

test("one step is one segment, and no more than the window", () => {
  const tanks = new Tanks({ receiveBuffer: 2500, segment: 1024 });
  tanks.write(4096);
  assert.deepEqual([tanks.step(), tanks.step(), tanks.step(), tanks.step()], [1024, 1024, 452, 0]);
  assert.deepEqual(line(tanks), [4096, 0, 1596, 2500]);
});

test("bytes stay in the send buffer until they are acknowledged", () => {
  const tanks = new Tanks({ sendBuffer: 4096, receiveBuffer: 4096 });
  tanks.acksHeld = true;
  tanks.write(6000);
  assert.equal(tanks.run(), 4096);
  assert.deepEqual(line(tanks), [4096, 0, 4096, 4096]);
  assert.equal(tanks.countedTwice, 4096);
  // All of it has been read, and still the send buffer is full.
  assert.equal(tanks.read(4096), 4096);
  assert.equal(tanks.run(), 0);
  assert.equal(tanks.room, 0);
  assert.ok(tanks.blocked);

  tanks.acksHeld = false;
  assert.equal(tanks.run(), 1904);
  assert.deepEqual(line(tanks), [6000, 4096, 0, 1904]);
  assert.equal(tanks.countedTwice, 0);
});

test("the sender stops at the last edge that it was told, whatever is read meanwhile", () => {
  const tanks = new Tanks({ sendBuffer: 16384, receiveBuffer: 8192 });
  tanks.acksHeld = true;
  tanks.write(16384);
  for (let round = 0; round < 3; round++) {
    tanks.run();
    tanks.read(8192);
  }
  assert.equal(tanks.arrived, 8192);
  assert.equal(tanks.window, 0);

  // The acknowledgement has the new edge in it.
  tanks.acksHeld = false;
  assert.equal(tanks.run(), 8192);
  assert.deepEqual(line(tanks), [16384, 8192, 0, 8192]);
});

test("new room is announced when it is worth a segment", () => {
  const tanks = new Tanks({ sendBuffer: 8192, receiveBuffer: 8192, segment: 1024 });
  tanks.write(16384);
  tanks.run();
  tanks.read(512);
  assert.equal(tanks.window, 0);
  assert.equal(tanks.unannounced, 512);
  assert.equal(tanks.run(), 0);
  tanks.read(512);
  assert.equal(tanks.window, 1024);
  assert.equal(tanks.run(), 1024);
});

test("or half of a small buffer", () => {
  const tanks = new Tanks({ sendBuffer: 4096, receiveBuffer: 1000, segment: 1024 });
  tanks.write(2000);
  tanks.run();
  tanks.read(499);
  assert.equal(tanks.window, 0);
  tanks.read(1);
  assert.equal(tanks.window, 500);
});

test("as measured on loopback, small reads move nothing until 64 KB are free", () => {
  // Linux: segments of 65,483 bytes, and a receive buffer of 128 KB. The book's
  // session 07-small-reads has seen 66,560 bytes read, and 65,536 moved.
  const tanks = new Tanks({ sendBuffer: 4_000_000, receiveBuffer: 131_072, segment: 65_483 });
  tanks.write(4_000_000);
  tanks.run();
  const full = tanks.inSendBuffer;
  const reads = (count) => {
    for (let i = 0; i < count; i++) {
      tanks.read(1024);
      tanks.run();
    }
  };
  reads(56);
  assert.equal(tanks.inSendBuffer, full, "57,344 bytes read, and nothing has moved");
  reads(9);
  assert.equal(full - tanks.inSendBuffer, 65_536);
});

test("what was announced is not taken back", () => {
  const tanks = new Tanks({ sendBuffer: 8192, receiveBuffer: 8192 });
  tanks.receiveBuffer = 2048;
  assert.equal(tanks.window, 8192);
  tanks.write(8192);
  assert.equal(tanks.run(), 8192);
  tanks.read(6144);
  assert.equal(tanks.window, 0);
  tanks.read(1024);
  assert.equal(tanks.window, 1024);
});

test("a buffer may shrink below what is in it: nothing is lost, and nothing enters", () => {
  const tanks = new Tanks({ sendBuffer: 8192, receiveBuffer: 8192 });
  tanks.write(16384);
  tanks.run();
  tanks.receiveBuffer = 2048;
  tanks.sendBuffer = 2048;
  assert.equal(tanks.window, 0);
  assert.equal(tanks.room, 0);
  assert.equal(tanks.run(), 0);
  assert.deepEqual(line(tanks), [16384, 0, 8192, 8192]);
  tanks.receiveBuffer = 16384;
  assert.equal(tanks.run(), 8192);
  assert.deepEqual(line(tanks), [16384, 0, 0, 16384]);
});

test("whatever is done, in whatever order, every byte is somewhere", () => {
  // A generator of its own, so that a failure can be played again.
  let seed = 20240607;
  const below = (limit) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % limit;
  };
  for (let round = 0; round < 200; round++) {
    const tanks = new Tanks({ sendBuffer: 1 + below(9000), receiveBuffer: 1 + below(9000), segment: 1 + below(2000) });
    let [handed, got] = [0, 0];
    for (let act = 0; act < 100; act++) {
      const length = 1 + below(5000);
      switch (below(8)) {
        case 0:
        case 1: {
          const blocked = tanks.blocked;
          const taken = tanks.write(length);
          if (!blocked) handed += tanks.blocking ? length : taken;
          break;
        }
        case 2:
          got += tanks.read(length);
          break;
        case 3:
          tanks.step();
          break;
        case 4:
          tanks.run();
          break;
        case 5:
          tanks.blocking = below(2) === 0;
          break;
        case 6:
          tanks.acksHeld = below(2) === 0;
          tanks.settle();
          break;
        default:
          if (below(2) === 0) tanks.sendBuffer = length;
          else tanks.receiveBuffer = length;
          tanks.settle();
      }
      tanks.check();
      assert.equal(tanks.accepted + tanks.inHand, handed);
      assert.equal(tanks.readSoFar, got);
      assert.equal(tanks.accepted + tanks.countedTwice, got + tanks.inSendBuffer + tanks.inReceiveBuffer);
    }
    // And at the end all of it comes out.
    tanks.acksHeld = false;
    for (let rest = -1; rest !== tanks.accepted - got + tanks.inHand; ) {
      rest = tanks.accepted - got + tanks.inHand;
      tanks.run();
      got += tanks.read(5000);
    }
    assert.equal(got, handed);
  }
});

test("a count that does not add up is noticed", () => {
  const tanks = new Tanks();
  tanks.write(100);
  tanks.arrived = 101;
  assert.throws(() => tanks.check(), /do not add up/);
});
