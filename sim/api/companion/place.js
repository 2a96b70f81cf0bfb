// The location tab: where the car is and was, and places to send to its navigator.

import { $, ago, distance, icon, make, setAttributes, setText, showButton, svg } from "./dom.js";

const places = [
  ["Marienplatz, Munich", 48.13713, 11.57539],
  ["Olympiapark, Munich", 48.17544, 11.55173],
  ["Munich Airport", 48.35378, 11.77528],
  ["Starnberg, lakeside", 47.99658, 11.34347],
  ["Herrenhausen Gardens, Hanover", 52.3914, 9.69838],
  ["Hanover Central Station", 52.37669, 9.74106],
  ["Duomo, Milan", 45.46411, 9.19193],
  ["Milan Malpensa Airport", 45.63006, 8.72306],
  ["Elbphilharmonie, Hamburg", 53.54133, 9.98413],
  ["Hamburg Airport", 53.63038, 9.98823],
];
const DEGREE = 111320; // metres
const FAR = 100000; // metres: nobody is sent further by a tap

// From the car, in metres: east, north.
function offset(from, latitude, longitude) {
  return [
    (longitude - from.longitude) * DEGREE * Math.cos((from.latitude * Math.PI) / 180),
    (latitude - from.latitude) * DEGREE,
  ];
}

function whereIs(car) {
  const { latitude, longitude, heading = 0 } = car.reported.position ?? {};
  return latitude === undefined ? undefined : { latitude, longitude, heading };
}

// ---- the map: the car in the middle, its way, the place it goes to ---------------------------------

const HALF = 100; // of the picture
const scales = [50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000];

function chooseScale(reach) {
  return scales.find((step) => step * 3 >= reach) ?? scales.at(-1);
}

function destinationOf(car) {
  const { poi_name: name, poi_latitude: latitude, poi_longitude: longitude, offer } = car.reported.navigator ?? {};
  return ["shown", "accepted"].includes(offer) && latitude !== undefined ? { name, latitude, longitude } : undefined;
}

function drawMap(car, at) {
  const goal = destinationOf(car);
  const points = car.track.map((point) => offset(at, point.latitude, point.longitude));
  const aim = goal && offset(at, goal.latitude, goal.longitude);
  const reach = Math.max(120, ...points.map(([e, n]) => Math.hypot(e, n)), aim ? Math.hypot(...aim) : 0);
  const step = chooseScale(reach);
  const perMetre = (HALF * 0.86) / (step * 3);
  const xy = ([east, north]) => [east * perMetre, -north * perMetre];
  const rings = [1, 2, 3].map((n) => svg("circle", { class: "grid", r: n * step * perMetre }));
  const path = points
    .map((point) =>
      xy(point)
        .map((v) => v.toFixed(1))
        .join(","),
    )
    .join(" ");
  const children = [
    ...rings,
    svg("path", { class: "grid", d: `M-${HALF * 2},0H${HALF * 2}M0,-${HALF}V${HALF}` }),
    svg("polyline", { class: "track", points: path }),
  ];
  if (aim) {
    const [x, y] = xy(aim);
    children.push(
      svg("path", { class: "aim", d: `M0,0L${x},${y}` }),
      svg("circle", { class: "goal", cx: x, cy: y, r: 5 }),
    );
  }
  children.push(
    svg("circle", { class: "halo", r: 15 }),
    svg("path", { class: "here", d: "M0,-9L6.5,7L0,3.5L-6.5,7Z", transform: `rotate(${at.heading})` }),
    svg("text", { class: "north", y: 8 - HALF }, "N"),
    svg("text", { class: "scale", x: 4, y: -step * perMetre * 2 - 3 }, distance(step * 2)),
  );
  $("map").replaceChildren(...children);
}

// ---- places ---------------------------------------------------------------------------------------

function send(app, [name, latitude, longitude], event) {
  app.act(
    { navigator: { poi_name: name, poi_latitude: latitude, poi_longitude: longitude } },
    { doing: `Sending ${name}`, done: `Sent to the car: ${name}` },
    event,
  );
}

let listed; // for which car, and from where

function listPlaces(app, car, at) {
  const key = `${car.thing} ${at.latitude.toFixed(2)} ${at.longitude.toFixed(2)}`;
  if (listed === key) {
    return;
  }
  listed = key;
  const far = ([, latitude, longitude]) => Math.hypot(...offset(at, latitude, longitude));
  const near = places
    .filter((place) => far(place) < FAR)
    .toSorted((a, b) => far(a) - far(b))
    .slice(0, 4);
  $("places").replaceChildren(
    ...near.map((place) => {
      const button = make(
        "button",
        { type: "button", class: "row" },
        icon("pin"),
        make("span", { class: "name" }, place[0]),
        make("span", { class: "state" }, distance(far(place))),
        icon("send"),
      );
      button.addEventListener("click", (event) => send(app, place, event));
      return make("li", {}, button);
    }),
  );
}

// "48.137, 11.575", or with a blank or a semicolon between; undefined: it is no place on Earth.
export function readCoordinates(text) {
  const parts = text.trim().split(/\s*[,;]\s*|\s+/);
  const [latitude, longitude] = parts.map(Number);
  const fine = parts.length === 2 && !parts.includes("") && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return fine ? [latitude, longitude] : undefined;
}

export function setUpPlace(app) {
  $("own-place").addEventListener("submit", (event) => {
    event.preventDefault();
    const at = readCoordinates($("own-coordinates").value);
    setAttributes($("own-coordinates"), { "aria-invalid": at ? undefined : "true" });
    $("own-help").classList.toggle("bad", !at);
    if (at) {
      send(app, [$("own-name").value.trim() || "Destination", ...at], event);
      $("own-place").reset();
    }
  });
  $("locate").addEventListener("click", (event) =>
    app.act({ indicators: { flashes: 5 } }, { doing: "Flashing the lights", done: "It flashed its lights" }, event),
  );
}

const offers = { shown: "shown in the car", accepted: "accepted", declined: "declined by the driver" };

function words(car) {
  const { poi_name: sent, offer, destination, distance: left, arrival } = car.reported.navigator ?? {};
  if (destination) {
    return `To ${destination} · ${distance(left ?? 0)}${arrival ? ` · there at ${arrival}` : ""}`;
  }
  return offers[offer] ? `${sent || "A place"}: ${offers[offer]}` : "No destination";
}

export function showPlace(app, car) {
  const at = whereIs(car);
  $("nowhere").hidden = Boolean(at);
  $("somewhere").hidden = !at;
  if (!at) {
    return;
  }
  drawMap(car, at);
  listPlaces(app, car, at);
  setText($("coordinates"), `${at.latitude.toFixed(5)}, ${at.longitude.toFixed(5)}`);
  const speed = car.reportedAt("driving.speed");
  setText($("moving"), speed > 0 ? `Moving at ${Math.round(speed)} km/h` : `Parked · ${ago(car.seen)}`);
  $("in-maps").href =
    `https://www.openstreetmap.org/?mlat=${at.latitude}&mlon=${at.longitude}#map=16/${at.latitude}/${at.longitude}`;
  setText($("destination"), words(car));
  showButton($("locate"), car, ["indicators.flashes"], { hidden: !car.has("indicators.flashes") });
}
