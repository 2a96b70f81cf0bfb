// What the screen's parts make of taps and text, as far as that needs no browser.
import assert from "node:assert/strict";
import test from "node:test";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
const { matches } = await import("../../sim/api/companion/chooser.js");
const { nudge } = await import("../../sim/api/companion/climate.js");
const { readCoordinates } = await import("../../sim/api/companion/place.js");

test("coordinates are two numbers of this Earth", () => {
  for (const text of ["48.5, 11.25", " 48.5,11.25 ", "48.5 11.25", "48.5;11.25", "\t48.5 , 11.25\n"]) {
    assert.deepEqual(readCoordinates(text), [48.5, 11.25], JSON.stringify(text));
  }
  for (const text of ["", " ", "48.5", "48.5,", ",48.5", " , 48.5", "48,5 11,2", "91 11", "48 181", "48 east"]) {
    assert.equal(readCoordinates(text), undefined, JSON.stringify(text));
  }
});

test("taps on + are one command, to the car that was tapped", (t) => {
  const apis = ["setTimeout"];
  t.mock.timers.enable(parseInt(process.versions.node) < 20 ? apis : { apis });
  const one = { get: () => 20 };
  const other = { get: () => 25 };
  const given = [];
  const act = (wish, label, event, car) => given.push([car, wish.climate.target]);
  const app = { selected: one, act, draw: () => {} };
  nudge(app, 0.5);
  nudge(app, 0.5);
  app.selected = other;
  nudge(app, -0.5);
  assert.deepEqual(given, [[one, 21]], "what another car was to have is not the new one's");
  t.mock.timers.tick(1000);
  assert.deepEqual(given.slice(1), [[other, 24.5]]);
  app.selected = one;
  nudge(app, 0.5);
  app.selected = other;
  t.mock.timers.tick(1000);
  assert.deepEqual(given.slice(2), [[one, 20.5]], "though another one is shown by then");
});

test("a search finds cars by what is known of them", () => {
  const car = { title: "Electric City Bus", model: "electric_bus", vin: "WFSX0000000000013", presence: "asleep" };
  for (const search of ["", "bus", "BUS city", "000013", "asleep", "#7", "bus  #7", "electric_bus", "leep wfs"]) {
    assert.equal(matches(car, 7, search), true, search);
  }
  for (const search of ["saloon", "bus online", "#70", "bus #6"]) {
    assert.equal(matches(car, 7, search), false, search);
  }
});
